#pragma once
#include "infra/storage/s3_bucket.hpp"

namespace ms::storage {

/// Objects of a bucket, with their keys as they are. A partial object `id` is a multipart upload with the key
/// partial/<id>/object; other objects below partial/<id>/ hold its id (upload) and the bytes since the last whole part
/// (tail-…). A writer keeps up to one part (5 MiB) in memory. Whoever continues a partial object after another one
/// cannot stop it; what that one still uploads is not referred to by any later handle. Any thread may call.
class S3 final : public Store {
 public:
  explicit S3(S3Config config) : bucket_(std::move(config)) {}

  /// With IfExists::refuse, of two writers at the same time the later one wins.
  Result<std::unique_ptr<Writer>> put(std::string_view key, IfExists if_exists) override;
  Result<> get(std::string_view key, std::uint64_t offset, std::uint64_t size,
               const std::function<bool(std::string_view)>& take) override;
  Result<std::uint64_t> size(std::string_view key) override;
  Result<bool> exists(std::string_view key) override;
  Result<> remove(std::string_view key) override;
  Result<std::vector<Object>> list(std::string_view prefix, std::string_view after, std::size_t limit) override;

  Result<std::string> begin_partial(std::string_view id) override;
  Result<std::unique_ptr<PartialWriter>> continue_partial(std::string_view id, std::string_view handle,
                                                          std::uint64_t offset) override;
  Result<std::uint64_t> partial_size(std::string_view id, std::string_view handle) override;
  Result<> complete_partial(std::string_view id, std::string_view handle, std::string_view key) override;
  /// Needs no handle.
  Result<> abandon_partial(std::string_view id, std::string_view handle) override;
  Result<std::vector<Partial>> partials(std::string_view after, std::size_t limit) override;

  /// Below Nginx's internal location /stored-objects/, with a signature for some minutes.
  std::string download_path(std::string_view key) const override;

 private:
  s3::Bucket bucket_;
};

}  // namespace ms::storage
