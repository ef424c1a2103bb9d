#include "infra/http/streamed_body.hpp"

#include <algorithm>

#include "infra/core/text.hpp"
#include "infra/http/connection.hpp"

namespace ms::http {

namespace beast_http = boost::beast::http;

StreamedBody::StreamedBody(Connection& connection, HeadParser&& head)
    : connection_(connection),
      parser_(std::move(head)),
      expects_continue_(ascii_lower(std::string_view(parser_.get()[beast_http::field::expect])) == "100-continue"),
      credit_(connection.hub_->limits.streamed_patience) {}

std::optional<std::uint64_t> StreamedBody::length() const {
  const auto length = parser_.content_length();
  if (!length) return std::nullopt;
  return *length;
}

async<std::expected<std::string_view, BodyError>> StreamedBody::read() {
  while (!failure_) {
    if (parser_.is_done()) co_return std::string_view();
    const auto bytes = parse();
    if (bytes && !bytes->empty()) co_return *bytes;
    if (bytes && parser_.is_done()) continue;
    if (!bytes) failure_ = bytes.error();
    if (!failure_ && expects_continue_) failure_ = co_await send_continue();
    if (!failure_) failure_ = co_await receive();
  }
  co_return std::unexpected(*failure_);
}

std::expected<std::string_view, BodyError> StreamedBody::parse() {
  Workspace& work = *connection_.work_;
  while (!work.unread().empty() && !parser_.is_done()) {
    parser_.get().body() = {};
    boost::system::error_code error;
    const std::size_t used = parser_.put(asio::buffer(work.unread()), error);
    work.take(used);
    if (error && error != beast_http::error::need_more) return std::unexpected(BodyError::malformed);
    if (!parser_.get().body().empty()) return parser_.get().body();
    if (used > 0) continue;
    // The parser needs a chunk's line as a whole; an honest client sends none that fills the buffer.
    if (work.unread().size() == work.capacity) return std::unexpected(BodyError::malformed);
    break;
  }
  return std::string_view();
}

/// A client that has sent some of the body already waits for nothing.
async<std::optional<BodyError>> StreamedBody::send_continue() {
  expects_continue_ = false;
  if (!connection_.work_->unread().empty() || parser_.get().version() < 11) co_return std::nullopt;
  const bool written = co_await connection_.write(Connection::kContinue, {});
  if (!written) co_return BodyError::gone;
  co_return std::nullopt;
}

async<std::optional<BodyError>> StreamedBody::receive() {
  const Hub& hub = *connection_.hub_;
  const auto before = connection_.work_->unread().size();
  const auto begun = Clock::now();
  connection_.deadline_ = std::min(begun + credit_, hub.streamed_until);
  const Connection::Read read = co_await connection_.read_more();
  const auto now = Clock::now();
  connection_.deadline_ = Clock::time_point::max();
  waited_ += now - begun;
  if (read == Connection::Read::gone) co_return BodyError::gone;
  if (read == Connection::Read::late) co_return now >= hub.streamed_until ? BodyError::stopping : BodyError::too_slow;
  const auto received = static_cast<std::int64_t>(connection_.work_->unread().size() - before);
  const auto earned = std::chrono::microseconds(received * std::micro::den / hub.limits.streamed_rate);
  credit_ = std::min<Clock::duration>(hub.limits.streamed_patience, credit_ - (now - begun) + earned);
  co_return std::nullopt;
}

}  // namespace ms::http
