#include "features/files/uploads.hpp"

#include <spdlog/spdlog.h>

#include "infra/core/secret.hpp"

namespace ms::files {
namespace {

// Of PostgreSQL, after waiting for a client or the store.
constexpr auto kDatabaseTime = std::chrono::milliseconds(1800);
constexpr auto kStoreTime = std::chrono::seconds(20);
// What a killed app server costs the client to send again. Each save is an fsync and a transaction.
constexpr std::int64_t kSaveBytes = 16 * 1024 * 1024;
constexpr auto kSavePeriod = std::chrono::seconds(10);
constexpr std::size_t kIdBytes = 18;

Deadline store_deadline() { return std::chrono::steady_clock::now() + kStoreTime; }

Unexpected too_much() { return fail(ErrorCode::too_large, "files.longer"_msg); }

}  // namespace

async<Result<std::string>> Uploads::begin_partial(std::string id) {
  const auto begin = [id](storage::Store& store) { return store.begin_partial(id); };
  auto handle = co_await store_.run(store_deadline(), begin);
  if (handle) co_return *std::move(handle);
  const Error refusal = refusal_of(handle.error());
  if (refusal.code != ErrorCode::not_found) co_return Unexpected(refusal);
  spdlog::warn("files: the storage failed: {}", handle.error().what);
  co_return fail(ErrorCode::unavailable, "files.storage_down"_msg);  // no folder
}

/// Best effort: the cleanup removes what stays.
async<void> Uploads::abandon_partial(std::string id, std::string handle) {
  const auto abandon = [id, handle](storage::Store& store) { return store.abandon_partial(id, handle); };
  const auto done = co_await store_.run(store_deadline(), abandon);
  if (!done) spdlog::warn("files: an unfinished object stays for the cleanup: {}", done.error().what);
}

async<Result<Upload>> Uploads::create(Call& call, const session::Viewer& viewer, NewUpload wanted) {
  Upload upload;
  upload.size = wanted.size;
  upload.name = wanted.name;
  upload.upload_id = secret::random_text(kIdBytes);
  // What is refused anyway need not begin in the store.
  if (wanted.size > limits().file_bytes) co_return fail(ErrorCode::too_large, "files.too_large"_msg);
  auto handle = co_await begin_partial(upload.upload_id);
  if (!handle) co_return Unexpected(handle.error());
  upload.handle = *std::move(handle);
  call.renew(kDatabaseTime);
  const auto id = co_await files_.begin_upload(call, viewer, std::move(wanted), upload.upload_id, upload.handle);
  if (!id) {
    co_await abandon_partial(upload.upload_id, upload.handle);
    co_return Unexpected(id.error());
  }
  upload.id = *id;
  if (upload.size == 0) {
    const auto done = co_await complete(call, viewer, upload);
    if (!done) co_return Unexpected(done.error());
  }
  co_return std::move(upload);
}

async<Result<Upload>> Uploads::find(Call& call, const session::Viewer& viewer, AttachmentId id) {
  auto found = co_await files_.find_upload(call, viewer, id);
  if (!found || found->complete || found->received < found->size) co_return std::move(found);
  const auto done = co_await complete(call, viewer, *found);
  if (!done) co_return Unexpected(done.error());
  co_return std::move(found);
}

async<Result<Uploads::Reception>> Uploads::receive(Call& call, const session::Viewer& viewer, AttachmentId id,
                                                   std::int64_t offset, http::BodyReader& body) {
  const auto found = co_await files_.find_upload(call, viewer, id);
  if (!found) co_return Unexpected(found.error());
  if (found->received != offset) co_return fail(ErrorCode::conflict, "files.other_offset"_msg);
  if (body.length().value_or(0) > static_cast<std::uint64_t>(found->size - offset)) co_return too_much();
  if (found->complete) co_return Reception{*found, std::nullopt};
  auto upload = co_await files_.continue_upload(call, viewer, id);
  if (!upload) co_return Unexpected(upload.error());
  if (upload->received != offset) co_return fail(ErrorCode::conflict, "files.other_offset"_msg);
  Reception out{*std::move(upload), std::nullopt};
  if (offset < out.upload.size) {
    const auto appended = co_await append(call, viewer, out.upload, body);
    if (!appended) co_return Unexpected(appended.error());
    out.failure = *appended;
  }
  if (out.upload.received == out.upload.size) {
    const auto done = co_await complete(call, viewer, out.upload);
    if (!done) co_return Unexpected(done.error());
  }
  co_return std::move(out);
}

async<Result<std::optional<http::BodyError>>> Uploads::append(Call& call, const session::Viewer& viewer, Upload& upload,
                                                              http::BodyReader& body) {
  std::optional<http::BodyError> failure;
  auto writer = co_await ContentWriter::open(store_, upload);
  if (!writer) co_return Unexpected(writer.error());
  ContentWriter& content = **writer;
  auto saved_at = std::chrono::steady_clock::now();
  for (;;) {
    const auto bytes = co_await body.read();
    if (!bytes) failure = bytes.error();
    if (!bytes || bytes->empty()) break;
    if (static_cast<std::int64_t>(bytes->size()) > upload.size - content.size()) co_return too_much();
    const auto written = co_await content.write(*bytes);
    if (!written) co_return Unexpected(written.error());
    const auto now = std::chrono::steady_clock::now();
    if (content.size() - upload.received < kSaveBytes && now - saved_at < kSavePeriod) continue;
    saved_at = now;
    const auto saved = co_await save(call, viewer, upload, content);
    if (!saved) co_return Unexpected(saved.error());
  }
  if (content.size() > upload.received) {
    const auto saved = co_await save(call, viewer, upload, content);
    if (!saved) co_return Unexpected(saved.error());
  }
  co_return failure;
}

async<Result<void>> Uploads::save(Call& call, const session::Viewer& viewer, Upload& upload, ContentWriter& writer) {
  auto progress = co_await writer.sync();
  if (!progress) co_return Unexpected(progress.error());
  upload.received = progress->received;
  upload.handle = std::move(progress->handle);
  upload.hash = std::move(progress->hash);
  call.renew(kDatabaseTime);
  co_return co_await files_.save_progress(call, viewer, upload);
}

async<Result<void>> Uploads::complete(Call& call, const session::Viewer& viewer, Upload& upload) {
  const auto hash = upload.received > 0 ? Sha256::resume(upload.hash) : Sha256();
  if (!hash) throw std::logic_error("files: the state of a hash is unreadable");
  const std::string sha256 = hash->hex();
  call.renew(kDatabaseTime);
  const auto file = co_await files_.register_file(call, viewer, sha256, upload.size);
  if (!file) co_return Unexpected(file.error());
  const auto move = [id = upload.upload_id, handle = upload.handle, key = key_of(sha256)](storage::Store& store) {
    return store.complete_partial(id, handle, key);
  };
  const auto moved = co_await store_.run(store_deadline(), move);
  if (!moved) co_return Unexpected(refusal_of(moved.error()));
  call.renew(kDatabaseTime);
  const auto done = co_await files_.complete_upload(call, viewer, upload.id, *file);
  upload.complete = done.has_value();
  co_return done;
}

async<Result<void>> Uploads::remove(Call& call, const session::Viewer& viewer, AttachmentId id) {
  const auto found = co_await files_.find_upload(call, viewer, id);
  if (!found) co_return Unexpected(found.error());
  const auto removed = co_await files_.remove(call, viewer, id);
  if (!removed) co_return removed;
  if (!found->complete) co_await abandon_partial(found->upload_id, found->handle);
  co_return removed;
}

}  // namespace ms::files
