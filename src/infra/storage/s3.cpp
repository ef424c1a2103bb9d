#include "infra/storage/s3.hpp"

#include <algorithm>

#include "infra/storage/s3_partials.hpp"

namespace ms::storage {
namespace {

/// One object: at once when it is small, else as a multipart upload.
class ObjectWriter final : public Writer {
 public:
  ObjectWriter(const s3::Bucket& bucket, std::string_view key) : bucket_(bucket), key_(key) {}
  ~ObjectWriter() override {
    if (!upload_.empty()) static_cast<void>(bucket_.abort_upload(key_, upload_));  // else the store does it in time
  }

  Result<> write(std::string_view bytes) override {
    while (!bytes.empty()) {
      const std::size_t count = std::min(bytes.size(), s3::kPartBytes - buffer_.size());
      buffer_ += bytes.substr(0, count);
      bytes.remove_prefix(count);
      if (buffer_.size() < s3::kPartBytes) break;
      if (auto sent = send_part(); !sent) return sent;
    }
    return {};
  }

  Result<> commit() override {
    if (etags_.empty()) return bucket_.put(key_, buffer_);
    if (!buffer_.empty()) {
      if (auto sent = send_part(); !sent) return sent;
    }
    auto done = bucket_.complete_upload(key_, upload_, etags_);
    if (done) upload_.clear();
    return done;
  }

 private:
  Result<> send_part() {
    if (upload_.empty()) {
      auto begun = bucket_.begin_upload(key_);
      if (!begun) return std::unexpected(begun.error());
      upload_ = *std::move(begun);
    }
    auto etag = bucket_.put_part(key_, upload_, etags_.size() + 1, buffer_);
    if (!etag) return std::unexpected(etag.error());
    etags_.push_back(*std::move(etag));
    buffer_.clear();
    return {};
  }

  const s3::Bucket& bucket_;
  const std::string key_;
  std::string buffer_;
  std::string upload_;  ///< its id; empty: none yet
  std::vector<std::string> etags_;
};

std::unexpected<Error> bad_key(std::string_view key) {
  return std::unexpected(Error{Fault::bad_key, "\"" + std::string(key) + "\" cannot be the key of an object"});
}

}  // namespace

Result<std::unique_ptr<Writer>> S3::put(std::string_view key, IfExists if_exists) {
  if (!is_valid_key(key)) return bad_key(key);
  if (if_exists == IfExists::refuse) {
    const auto found = bucket_.exists(key);
    if (!found) return std::unexpected(found.error());
    if (*found) return std::unexpected(Error{Fault::exists, std::string(key) + ": exists"});
  }
  return std::make_unique<ObjectWriter>(bucket_, key);
}

Result<> S3::get(std::string_view key, std::uint64_t offset, std::uint64_t size,
                 const std::function<bool(std::string_view)>& take) {
  if (!is_valid_key(key)) return bad_key(key);
  return bucket_.get(key, offset, size, take);
}

Result<std::uint64_t> S3::size(std::string_view key) {
  if (!is_valid_key(key)) return bad_key(key);
  return bucket_.size(key);
}

Result<bool> S3::exists(std::string_view key) {
  if (!is_valid_key(key)) return bad_key(key);
  return bucket_.exists(key);
}

Result<> S3::remove(std::string_view key) {
  if (!is_valid_key(key)) return bad_key(key);
  return bucket_.remove(key);
}

Result<std::vector<Object>> S3::list(std::string_view prefix, std::string_view after, std::size_t limit) {
  std::vector<Object> out;
  std::string last(after);
  while (out.size() < limit) {
    const std::size_t wanted = limit - out.size();
    auto found = bucket_.list(prefix, last, wanted);
    if (!found) return std::unexpected(found.error());
    for (s3::DatedObject& one : *found) {
      last = one.object.key;
      if (!last.starts_with(s3::kPartials)) out.push_back(std::move(one.object));
    }
    if (found->size() < wanted) break;
  }
  return out;
}

Result<std::string> S3::begin_partial(std::string_view id) {
  if (!is_valid_partial_id(id)) return bad_key(id);
  return s3::begin_partial(bucket_, id);
}

Result<std::unique_ptr<PartialWriter>> S3::continue_partial(std::string_view id, std::string_view handle,
                                                            std::uint64_t offset) {
  if (!is_valid_partial_id(id)) return bad_key(id);
  return s3::continue_partial(bucket_, id, handle, offset);
}

Result<std::uint64_t> S3::partial_size(std::string_view, std::string_view handle) {
  const auto parsed = s3::Handle::parse(handle);
  if (!parsed) return std::unexpected(parsed.error());
  return parsed->size();
}

Result<> S3::complete_partial(std::string_view id, std::string_view handle, std::string_view key) {
  if (!is_valid_partial_id(id)) return bad_key(id);
  if (!is_valid_key(key)) return bad_key(key);
  return s3::complete_partial(bucket_, id, handle, key);
}

Result<> S3::abandon_partial(std::string_view id, std::string_view) {
  if (!is_valid_partial_id(id)) return bad_key(id);
  return s3::abandon_partial(bucket_, id);
}

Result<std::vector<Partial>> S3::partials(std::string_view after, std::size_t limit) {
  return s3::list_partials(bucket_, after, limit);
}

std::string S3::download_path(std::string_view key) const {
  constexpr int kSeconds = 15 * 60;  // of a slow visitor, for whom Nginx fetches one slice after the other
  return "/stored-objects" + bucket_.presigned(key, kSeconds);
}

}  // namespace ms::storage
