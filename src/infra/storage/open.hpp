#pragma once
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "infra/storage/storage.hpp"

namespace ms::storage {

/// A bucket of S3, or of what speaks like it.
struct S3Config {
  std::string endpoint;  ///< "https://s3.ap-northeast-2.amazonaws.com"; empty: none
  std::string region;
  std::string bucket;
  std::string access_key;
  std::string secret_key;
  std::chrono::milliseconds time{20'000};  ///< for a request with its repetitions
};

struct Config {
  std::filesystem::path folder;
  S3Config s3;  ///< wins over the folder
};

/// The store of the site's files. Its place is not touched before the first call: pages work without it.
std::unique_ptr<Store> open_store(const Config& config);

}  // namespace ms::storage
