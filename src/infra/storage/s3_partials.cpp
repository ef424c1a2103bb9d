#include "infra/storage/s3_partials.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <semaphore>
#include <sstream>

#include "infra/core/secret.hpp"

namespace ms::storage::s3 {
namespace {

constexpr std::size_t kMaxParts = 10'000;  // S3's own limit
constexpr std::string_view kNoTail = "-";
constexpr std::ptrdiff_t kMaxWriters = 32;  // of this process, each with a part in memory
std::counting_semaphore<kMaxWriters> writers(kMaxWriters);

std::string folder_of(std::string_view id) { return fmt::format("{}{}/", kPartials, id); }
std::string object_of(std::string_view id) { return folder_of(id) + "object"; }
std::string upload_of(std::string_view id) { return folder_of(id) + "upload"; }

std::unexpected<Error> refuse(Fault fault, std::string what) { return std::unexpected(Error{fault, std::move(what)}); }

class S3PartialWriter final : public PartialWriter {
 public:
  S3PartialWriter(const Bucket& bucket, std::string_view id, Handle handle)
      : bucket_(bucket), id_(id), handle_(std::move(handle)) {}
  ~S3PartialWriter() override { writers.release(); }

  /// Reads the bytes behind the whole parts, which become part of the next one.
  Result<> open() {
    buffer_.reserve(kPartBytes);
    if (handle_.tail.empty()) return {};
    auto tail = bucket_.get_text(folder_of(id_) + handle_.tail);
    if (!tail) return std::unexpected(tail.error());
    if (tail->size() != handle_.tail_bytes) return refuse(Fault::not_found, id_ + ": its last bytes are others");
    buffer_ += *tail;
    return {};
  }

  Result<> write(std::string_view bytes) override {
    while (!bytes.empty()) {
      // A part that could not be sent is sent again first.
      if (buffer_.size() == kPartBytes) {
        if (auto sent = send_part(); !sent) return sent;
      }
      const std::size_t count = std::min(bytes.size(), kPartBytes - buffer_.size());
      buffer_ += bytes.substr(0, count);
      bytes.remove_prefix(count);
    }
    return {};
  }

  Result<Progress> sync() override {
    if (buffer_.size() == kPartBytes) {
      if (auto sent = send_part(); !sent) return std::unexpected(sent.error());
    }
    if (buffer_.size() != handle_.tail_bytes || etags_of_tail_ != handle_.etags.size()) {
      if (auto kept = put_tail(); !kept) return std::unexpected(kept.error());
    }
    return Progress{handle_.size(), handle_.text()};
  }

 private:
  Result<> send_part() {
    if (handle_.etags.size() == kMaxParts) return refuse(Fault::failed, id_ + ": has more parts than S3 takes");
    auto etag = bucket_.put_part(object_of(id_), handle_.upload, handle_.etags.size() + 1, buffer_);
    if (!etag) return std::unexpected(etag.error());
    handle_.etags.push_back(*std::move(etag));
    buffer_.clear();
    return {};
  }

  /// Under a new name each time: the caller may still have the handle before.
  Result<> put_tail() {
    std::string name;
    if (!buffer_.empty()) {
      name = "tail-" + secret::random_text(9);
      if (auto put = bucket_.put(folder_of(id_) + name, buffer_); !put) return put;
    }
    // The caller has kept the last handle, or is no longer the one who writes.
    if (!older_tail_.empty()) static_cast<void>(bucket_.remove(folder_of(id_) + older_tail_));
    older_tail_ = std::exchange(handle_.tail, std::move(name));
    handle_.tail_bytes = buffer_.size();
    etags_of_tail_ = handle_.etags.size();
    return {};
  }

  const Bucket& bucket_;
  const std::string id_;
  Handle handle_;  ///< its tail is that of the last sync()
  std::string buffer_;
  std::string older_tail_;
  std::size_t etags_of_tail_ = handle_.etags.size();
};

/// Sends the last bytes as the last part and makes one object of all.
Result<> assemble(const Bucket& bucket, std::string_view id, Handle handle) {
  if (!handle.tail.empty()) {
    const auto tail = bucket.get_text(folder_of(id) + handle.tail);
    if (!tail) return std::unexpected(tail.error());
    auto etag = bucket.put_part(object_of(id), handle.upload, handle.etags.size() + 1, *tail);
    if (!etag) return std::unexpected(etag.error());
    handle.etags.push_back(*std::move(etag));
  }
  return bucket.complete_upload(object_of(id), handle.upload, handle.etags);
}

/// Makes the object, of all bytes, below the partial object's own prefix; returns its key.
Result<std::string> whole_object(const Bucket& bucket, std::string_view id, const Handle& handle) {
  if (handle.etags.empty() && !handle.tail.empty()) return folder_of(id) + handle.tail;
  auto size = bucket.size(object_of(id));  // an earlier call may have come as far as this
  if (!size && size.error().fault == Fault::not_found) {
    auto done = handle.size() == 0 ? bucket.put(object_of(id), "") : assemble(bucket, id, handle);
    if (!done) return std::unexpected(done.error());
    size = bucket.size(object_of(id));
  }
  if (!size) return std::unexpected(size.error());
  if (*size != handle.size())
    return refuse(Fault::failed, fmt::format("{} has {} bytes, not {}", object_of(id), *size, handle.size()));
  return object_of(id);
}

}  // namespace

Result<Handle> Handle::parse(std::string_view text) {
  std::istringstream words{std::string(text)};
  Handle out;
  if (!(words >> out.upload >> out.tail >> out.tail_bytes)) return refuse(Fault::failed, "a handle that is none");
  if (out.tail == kNoTail) out.tail.clear();
  for (std::string etag; words >> etag;) out.etags.push_back(std::move(etag));
  return out;
}

std::string Handle::text() const {
  return fmt::format("{} {} {}{}{}", upload, tail.empty() ? kNoTail : tail, tail_bytes, etags.empty() ? "" : " ",
                     fmt::join(etags, " "));
}

Result<std::string> begin_partial(const Bucket& bucket, std::string_view id) {
  auto upload = bucket.begin_upload(object_of(id));
  if (!upload) return std::unexpected(upload.error());
  if (auto put = bucket.put(upload_of(id), *upload); !put) return std::unexpected(put.error());
  return Handle{.upload = *std::move(upload), .etags = {}, .tail = "", .tail_bytes = 0}.text();
}

Result<std::unique_ptr<PartialWriter>> continue_partial(const Bucket& bucket, std::string_view id,
                                                        std::string_view handle, std::uint64_t offset) {
  auto parsed = Handle::parse(handle);
  if (!parsed) return std::unexpected(parsed.error());
  if (offset == 0) {
    parsed->etags.clear();
    parsed->tail.clear();
    parsed->tail_bytes = 0;
  }
  if (offset != parsed->size())
    return refuse(Fault::not_found, fmt::format("{}: its handle is for {} bytes, not {}", id, parsed->size(), offset));
  if (!writers.try_acquire()) return refuse(Fault::busy, "too many uploads at the same time");
  auto writer = std::make_unique<S3PartialWriter>(bucket, id, *std::move(parsed));
  if (auto opened = writer->open(); !opened) return std::unexpected(opened.error());
  return writer;
}

Result<> complete_partial(const Bucket& bucket, std::string_view id, std::string_view handle, std::string_view key) {
  const auto parsed = Handle::parse(handle);
  if (!parsed) return std::unexpected(parsed.error());
  const auto found = bucket.exists(key);
  if (!found) return std::unexpected(found.error());
  if (!*found) {
    const auto from = whole_object(bucket, id, *parsed);
    if (!from) return std::unexpected(from.error());
    if (auto copied = bucket.copy(*from, key); !copied) return copied;
  }
  return abandon_partial(bucket, id);
}

Result<> abandon_partial(const Bucket& bucket, std::string_view id) {
  const auto upload = bucket.get_text(upload_of(id));
  if (!upload && upload.error().fault != Fault::not_found) return std::unexpected(upload.error());
  if (upload) {
    if (auto aborted = bucket.abort_upload(object_of(id), *upload); !aborted) return aborted;
  }
  const auto objects = bucket.list(folder_of(id), "", SIZE_MAX);
  if (!objects) return std::unexpected(objects.error());
  // That with the id of the upload goes last, so that an interrupted removal can be repeated.
  for (const DatedObject& one : *objects) {
    if (one.object.key == upload_of(id)) continue;
    if (auto removed = bucket.remove(one.object.key); !removed) return removed;
  }
  return bucket.remove(upload_of(id));
}

Result<std::vector<Partial>> list_partials(const Bucket& bucket, std::string_view after, std::size_t limit) {
  // '0' follows '/', which ends the keys of `after`.
  const std::string start = after.empty() ? std::string() : fmt::format("{}{}0", kPartials, after);
  const auto objects = bucket.list(kPartials, start, SIZE_MAX);
  if (!objects) return std::unexpected(objects.error());
  std::vector<Partial> out;
  for (const DatedObject& one : *objects) {
    const std::string_view rest = std::string_view(one.object.key).substr(kPartials.size());
    const std::string_view id = rest.substr(0, rest.find('/'));
    if (!is_valid_partial_id(id)) continue;
    if (out.empty() || out.back().id != id) {
      if (out.size() == limit) break;
      out.push_back({std::string(id), "", one.changed});
    }
    out.back().changed = std::max(out.back().changed, one.changed);
  }
  return out;
}

}  // namespace ms::storage::s3
