#pragma once
#include <filesystem>
#include <memory>

#include "infra/storage/storage.hpp"

namespace ms::storage {

struct Config {
  std::filesystem::path folder;
};

/// The store of the site's files. Its place is not touched before the first call: pages work without it.
std::unique_ptr<Store> open_store(const Config& config);

}  // namespace ms::storage
