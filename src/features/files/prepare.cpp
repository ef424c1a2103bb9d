#include "features/files/prepare.hpp"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <stdexcept>

#include "infra/decoding/decode.hpp"
#include "infra/pg/transaction.hpp"
#include "infra/storage/async_store.hpp"

namespace ms::files {
namespace {

constexpr std::uint64_t kMaxCopied = 256 << 20;  // what is longer is not decoded; its beginning says what it is
constexpr std::string_view kText = "text.txt";
constexpr std::string_view kOriginalPart = "original.";

constexpr pg::Query kWaiting{"files.waiting", "select sha256 from files where id = $1 and state = 0"};
constexpr pg::Query kPrepared{"files.prepared", R"(
  update files set state = $2, media_type = $3, width = nullif($4::int, 0), height = nullif($5::int, 0), renditions = $6,
         content_text = nullif($7, '')
   where id = $1 and state = 0)"};
constexpr pg::Query kShowPrepared{"files.show_prepared", R"(
  select ms_pages_changed(array(
    select distinct post_id from attachments where file_id = $1 and post_id is not null and deleted_at is null))::text)"};

using Copy = std::shared_ptr<File>;
using Decoded = std::shared_ptr<const decoding::Decoded>;

/// What the row says of a file.
struct Row {
  State state = State::prepared;
  std::string media_type;
  std::string renditions;
  std::string text;
};

void write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file, bytes.data(), bytes.size());
    if (count < 0 && errno != EINTR) throw std::system_error(errno, std::system_category(), "a copy for the decoder");
    bytes.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  }
}

/// The object in a file without a name, because it may be in another place (S3).
storage::Result<Copy> copy_of(storage::Store& store, const std::string& key) {
  const std::string folder = std::filesystem::temp_directory_path().string();
  File copy(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (copy.get() < 0) copy.reset(::memfd_create("copy", MFD_CLOEXEC));
  const auto done = store.get(key, 0, kMaxCopied, [&copy](std::string_view bytes) {
    write_all(copy.get(), bytes);
    return true;
  });
  if (!done) return std::unexpected(done.error());
  // The decoder gets it for reading only, and from its beginning.
  const std::string self = "/proc/self/fd/" + std::to_string(copy.get());
  auto out = std::make_shared<File>(::open(self.c_str(), O_RDONLY | O_CLOEXEC));
  if (out->get() < 0) throw std::system_error(errno, std::system_category(), "a copy for the decoder");
  return out;
}

storage::Result<> put(storage::Store& store, const std::string& key, std::string_view bytes) {
  auto writer = store.put(key, storage::IfExists::replace);
  if (!writer) return std::unexpected(writer.error());
  if (auto written = (*writer)->write(bytes); !written) return written;
  return (*writer)->commit();
}

storage::Result<> put_all(storage::Store& store, const std::string& sha256, const decoding::Decoded& decoded) {
  for (const decoding::Part& part : decoded.parts) {
    if (part.name == kText) continue;
    const bool original = part.name.starts_with(kOriginalPart);
    const std::string_view name = part.name.substr(0, part.name.find('.'));
    const std::string key = original ? original_key_of(sha256) : key_of(sha256, name);
    if (auto done = put(store, key, part.bytes); !done) return done;
  }
  return {};
}

/// The type of what is downloaded: that of the picture without metadata, which is JPEG for HEIC.
std::string_view type_of_original(std::string_view part) {
  constexpr std::string_view kJpeg = "original.jpg";
  return part == kJpeg ? "image/jpeg"
                       : decoding::find_type("image/" + std::string(part.substr(kOriginalPart.size())))->name;
}

Row row_of(const decoding::Decoded& decoded) {
  Row out;
  out.media_type = decoded.report.type.name;
  if (decoded.report.refusal != decoding::Refusal::none) out.state = State::unprepared;
  for (const decoding::Part& part : decoded.parts) {
    const bool original = part.name.starts_with(kOriginalPart);
    if (original) out.media_type = type_of_original(part.name);
    if (part.name == kText) {
      out.text = part.bytes;
    } else if (original || out.state == State::prepared) {
      out.renditions += (out.renditions.empty() ? "" : " ") + std::string(part.name.substr(0, part.name.find('.')));
    }
  }
  return out;
}

template <class T>
T value_of(storage::Result<T> result) {
  if (!result) throw std::runtime_error("a file cannot be prepared: " + result.error().what);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

async<void> save(pg::Db& db, const Call& call, FileId id, const decoding::Decoded& decoded) {
  const Row row = row_of(decoded);
  pg::Transaction transaction = db.transaction(call, pg::Lane::slow);
  transaction.add(kPrepared, id, static_cast<int>(row.state), row.media_type, decoded.report.width,
                  decoded.report.height, row.renditions, row.text);
  transaction.add(kShowPrepared, id);
  const auto done = co_await transaction.commit();
  if (!done) throw std::runtime_error("a file cannot be prepared: " + std::string(done.error().message.key));
}

}  // namespace

async<jobs::Outcome> prepare(pg::Db& db, const Call& call, storage::AsyncStore& store, std::string decoder, FileId id) {
  pg::Batch batch = db.batch(call, pg::Lane::slow);
  const auto handle = batch.add<std::string>(kWaiting, id);
  co_await batch.send();
  const auto sha256 = handle.one();
  if (!sha256) co_return jobs::Outcome();  // prepared already, or removed
  auto copied =
      co_await store.run(call.deadline(), [key = key_of(*sha256)](storage::Store& from) { return copy_of(from, key); });
  const Copy copy = value_of(std::move(copied));
  const Decoded decoded = std::make_shared<const decoding::Decoded>(
      co_await decoding::decode(call, std::move(decoder), decoding::Operation::prepare, *copy));
  if (!decoded->problem.empty()) spdlog::warn("file {} cannot be decoded: {}", id.value, decoded->problem);
  auto stored = co_await store.run(
      call.deadline(), [hash = *sha256, decoded](storage::Store& into) { return put_all(into, hash, *decoded); });
  value_of(std::move(stored));
  co_await save(db, call, id, *decoded);
  co_return jobs::Outcome();
}

}  // namespace ms::files
