#include "infra/storage/open.hpp"

#include "infra/storage/local_folder.hpp"
#include "infra/storage/s3.hpp"

namespace ms::storage {

std::unique_ptr<Store> open_store(const Config& config) {
  if (!config.s3.endpoint.empty()) return std::make_unique<S3>(config.s3);
  return std::make_unique<LocalFolder>(config.folder, Readers::all);
}

}  // namespace ms::storage
