#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "infra/storage/s3_client.hpp"

namespace ms::storage::s3 {

/// The least size of each part of a multipart upload but the last; S3's own limit.
constexpr std::size_t kPartBytes = 5 << 20;

struct DatedObject {
  Object object;
  Timestamp changed;
};

/// The operations of S3 that a store needs.
class Bucket {
 public:
  explicit Bucket(S3Config config) : client_(std::move(config)) {}

  Result<> put(std::string_view key, std::string_view bytes) const;
  Result<> get(std::string_view key, std::uint64_t offset, std::uint64_t size, const Take& take) const;
  Result<std::string> get_text(std::string_view key) const;
  Result<std::uint64_t> size(std::string_view key) const;
  Result<bool> exists(std::string_view key) const;
  Result<> remove(std::string_view key) const;
  /// On the store's side.
  Result<> copy(std::string_view from, std::string_view to) const;
  Result<std::vector<DatedObject>> list(std::string_view prefix, std::string_view after, std::size_t limit) const;

  /// Begins a multipart upload and returns its id.
  Result<std::string> begin_upload(std::string_view key) const;
  /// Returns the part's ETag.
  Result<std::string> put_part(std::string_view key, std::string_view upload, std::size_t number,
                               std::string_view bytes) const;
  /// Makes the object exist from the parts 1, 2, …; refused by S3 when one of them was replaced by other bytes.
  Result<> complete_upload(std::string_view key, std::string_view upload, const std::vector<std::string>& etags) const;
  Result<> abort_upload(std::string_view key, std::string_view upload) const;

  std::string presigned(std::string_view key, int seconds) const { return client_.presigned(key, seconds); }

 private:
  Client client_;
};

}  // namespace ms::storage::s3
