#pragma once
#include <memory>

#include "infra/storage/s3_bucket.hpp"

// Partial objects of a bucket; see S3.
namespace ms::storage::s3 {

/// No key of an object begins with this.
constexpr std::string_view kPartials = "partial/";

/// What the caller keeps: all parts but the last have kPartBytes, and an object has the bytes behind them.
struct Handle {
  std::string upload;              ///< id of the multipart upload
  std::vector<std::string> etags;  ///< of its parts
  std::string tail;                ///< name of the object with the last bytes; empty: none
  std::size_t tail_bytes = 0;

  static Result<Handle> parse(std::string_view text);
  std::string text() const;
  std::uint64_t size() const noexcept { return etags.size() * std::uint64_t{kPartBytes} + tail_bytes; }
};

Result<std::string> begin_partial(const Bucket& bucket, std::string_view id);
Result<std::unique_ptr<PartialWriter>> continue_partial(const Bucket& bucket, std::string_view id,
                                                        std::string_view handle, std::uint64_t offset);
Result<> complete_partial(const Bucket& bucket, std::string_view id, std::string_view handle, std::string_view key);
Result<> abandon_partial(const Bucket& bucket, std::string_view id);
Result<std::vector<Partial>> list_partials(const Bucket& bucket, std::string_view after, std::size_t limit);

}  // namespace ms::storage::s3
