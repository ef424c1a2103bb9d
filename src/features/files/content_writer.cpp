#include "features/files/content_writer.hpp"

#include <spdlog/spdlog.h>

#include <utility>

namespace ms::files {
namespace {

constexpr std::size_t kWriteSize = 64 * 1024;
// A disk or a network storage may take long for a moment; the client just waits.
constexpr auto kStoreTime = std::chrono::seconds(20);

Deadline store_deadline() { return std::chrono::steady_clock::now() + kStoreTime; }

}  // namespace

Error refusal_of(const storage::Error& error) {
  using storage::Fault;
  if (error.fault == Fault::conflict) return {ErrorCode::conflict, "files.continued"_msg};
  if (error.fault == Fault::not_found) return {ErrorCode::not_found, "files.gone"_msg};
  spdlog::warn("files: the storage failed: {}", error.what);
  return {ErrorCode::unavailable, error.fault == Fault::no_room ? "files.site_quota"_msg : "files.storage_down"_msg};
}

async<Result<std::unique_ptr<ContentWriter>>> ContentWriter::open(storage::AsyncStore& store, const Upload& upload) {
  std::unique_ptr<ContentWriter> out(new ContentWriter(store, upload.received));
  if (upload.received > 0) {
    auto hash = Sha256::resume(upload.hash);
    if (!hash) throw std::logic_error("files: the state of a hash is unreadable");
    out->state_->hash = *std::move(hash);
  }
  const auto offset = static_cast<std::uint64_t>(upload.received);
  const auto open = [state = out->state_, id = upload.upload_id, handle = upload.handle,
                     offset](storage::Store& use) -> storage::Result<> {
    auto writer = use.continue_partial(id, handle, offset);
    if (!writer) return std::unexpected(writer.error());
    state->writer = *std::move(writer);
    return {};
  };
  const auto opened = co_await store.run(store_deadline(), open);
  if (!opened) co_return Unexpected(refusal_of(opened.error()));
  co_return std::move(out);
}

async<Result<void>> ContentWriter::write(std::string_view bytes) {
  if (failure_) co_return Unexpected(*failure_);
  state_->bytes.append(bytes);
  size_ += static_cast<std::int64_t>(bytes.size());
  if (state_->bytes.size() < kWriteSize) co_return Result<void>();
  co_return co_await flush();
}

async<Result<void>> ContentWriter::flush() {
  if (failure_) co_return Unexpected(*failure_);
  if (state_->bytes.empty()) co_return Result<void>();
  const auto write = [state = state_](storage::Store&) -> storage::Result<> {
    auto written = state->writer->write(state->bytes);
    if (written) state->hash.update(state->bytes);
    return written;
  };
  const auto written = co_await store_.run(store_deadline(), write);
  if (!written) co_return fail_with(written.error());
  state_->bytes.clear();
  co_return Result<void>();
}

async<Result<ContentWriter::Progress>> ContentWriter::sync() {
  const auto flushed = co_await flush();
  if (!flushed) co_return Unexpected(flushed.error());
  const auto sync = [state = state_](storage::Store&) { return state->writer->sync(); };
  auto durable = co_await store_.run(store_deadline(), sync);
  if (!durable) co_return fail_with(durable.error());
  if (static_cast<std::int64_t>(durable->offset) != size_) throw std::logic_error("files: the store lost bytes");
  co_return Progress{size_, std::move(durable->handle), state_->hash.state()};
}

/// The call may still run: the state is not touched any more.
Unexpected ContentWriter::fail_with(const storage::Error& error) {
  failure_ = refusal_of(error);
  return Unexpected(*failure_);
}

}  // namespace ms::files
