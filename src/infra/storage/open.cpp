#include "infra/storage/open.hpp"

#include "infra/storage/local_folder.hpp"

namespace ms::storage {

std::unique_ptr<Store> open_store(const Config& config) {
  return std::make_unique<LocalFolder>(config.folder, Readers::all);
}

}  // namespace ms::storage
