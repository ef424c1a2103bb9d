#include "infra/http/connection.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstring>

#include "infra/core/text.hpp"
#include "infra/http/wire.hpp"
#include "infra/io/use_awaitable.hpp"

namespace ms::http {
namespace {

namespace beast_http = boost::beast::http;
using boost::system::error_code;

// More concurrent requests than this are rare; workspaces above it are freed.
constexpr std::size_t kMaxFreeWorkspaces = 64;
// After our last byte the peer may still be sending. If we closed with unread bytes, the kernel would answer RST and
// the peer could lose our response. So this much is read and discarded, for this long (RFC 9112 section 9.6). It is
// more than Nginx lets through (client_max_body_size): Nginx reports 502 to the client when it cannot send a whole
// body.
constexpr std::size_t kDiscardBytes = 16 * 1024 * 1024;
constexpr std::chrono::seconds kDiscardTime{1};

/// Counts a request in flight; correct also when its coroutine is destroyed.
struct InFlight {
  explicit InFlight(std::size_t& counter) : count(counter) { ++count; }
  ~InFlight() { --count; }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;
  std::size_t& count;
};

}  // namespace

asio::mutable_buffer Workspace::room() noexcept {
  if (begin > 0) {
    std::memmove(bytes.get(), bytes.get() + begin, end - begin);
    end -= begin;
    begin = 0;
  }
  return {bytes.get() + end, capacity - end};
}

void Workspace::grow(std::size_t size) {
  if (capacity >= size) return;
  auto larger = std::make_unique_for_overwrite<char[]>(size);
  std::memcpy(larger.get(), bytes.get() + begin, end - begin);
  bytes = std::move(larger);
  capacity = size;
  end -= begin;
  begin = 0;
}

void Workspace::clear_request() noexcept {
  auto fields = std::move(request.fields);  // for its capacity
  fields.clear();
  request = Request();
  request.fields = std::move(fields);
}

std::unique_ptr<Workspace> Hub::borrow() {
  if (free_.empty()) return std::make_unique<Workspace>(limits.head_bytes);
  auto workspace = std::move(free_.back());
  free_.pop_back();
  return workspace;
}

void Hub::return_workspace(std::unique_ptr<Workspace> workspace) {
  if (!workspace || free_.size() == kMaxFreeWorkspaces || workspace->capacity > limits.head_bytes) return;
  workspace->begin = workspace->end = 0;
  workspace->parser.reset();
  free_.push_back(std::move(workspace));
}

Clock::time_point Hub::idle_deadline() const {
  return Clock::now() + (draining ? Clock::duration(*draining) : Clock::duration(limits.idle_time));
}

std::string_view Hub::date() {
  if (const std::time_t second = std::time(nullptr); second != date_second_) {
    date_second_ = second;
    date_ = http_date(second);
  }
  return date_;
}

void Hub::sweep() {
  const auto now = Clock::now();
  for (Connection& connection : connections) {
    error_code ignored;
    if (connection.deadline_ <= now) connection.socket_.cancel(ignored);
  }
  for (auto at = streams.begin(); at != streams.end() && at->has_pending();) {
    OpenStream& stream = *at++;
    if (stream.deadline() <= now) stream.cut();
  }
}

void Hub::start_draining(std::chrono::milliseconds idle_grace) {
  draining = idle_grace;
  streamed_until = Clock::now() + limits.streamed_grace;
  for (Connection& connection : connections) {
    if (connection.idle_) connection.deadline_ = std::min(connection.deadline_, idle_deadline());
    if (connection.streamed_) connection.deadline_ = std::min(connection.deadline_, streamed_until);
  }
  end_streams();
}

void Hub::end_streams() {
  while (!streams.empty()) streams.front().end();
}

void Hub::cut_all() {
  for (Connection& connection : connections) {
    error_code ignored;
    connection.socket_.close(ignored);
  }
  while (!streams.empty()) streams.front().cut();
}

Connection::Connection(std::shared_ptr<Hub> hub, Socket socket, std::string peer)
    : hub_(std::move(hub)), socket_(std::move(socket)), peer_(std::move(peer)) {
  error_code ignored;  // a broken socket reports its error at the first read
  socket_.non_blocking(true, ignored);
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  hub_->connections.push_back(*this);
  ++hub_->count;
}

Connection::~Connection() {
  unlink();
  hub_->return_workspace(std::move(work_));
  --hub_->count;
  hub_->notify_if_empty();
}

async<void> Connection::run() {
  for (;;) {
    if (!work_ || work_->unread().empty()) {
      hub_->return_workspace(std::move(work_));
      const bool readable = co_await wait_for_request();
      if (!readable) {
        if (Clock::now() >= deadline_) co_await close_gracefully();
        co_return;
      }
      work_ = hub_->borrow();
    }
    const int status = co_await read_request();
    if (status == kGone) co_return;
    if (status != kComplete) {
      co_await send_error(status);
      co_return;
    }
    const bool again = co_await answer();
    streamed_.reset();
    if (!again) co_return;
  }
}

async<bool> Connection::wait_for_request() {
  idle_ = true;
  deadline_ = hub_->idle_deadline();
  auto [error] = co_await socket_.async_wait(Socket::wait_read, io::kAsTuple);
  idle_ = false;
  co_return !error;
}

async<int> Connection::read_request() {
  deadline_ = Clock::now() + hub_->limits.head_time;
  work_->clear_request();
  const int head = co_await read_head();
  if (head != kComplete) co_return head;
  Workspace::Parser& parser = *work_->parser;
  fill_request(parser.get());
  work_->persistent = parser.get().version() == 11 && parser.keep_alive();
  const bool streamed = hub_->is_streamed && !is_safe(work_->request.method) && hub_->is_streamed(work_->request);
  if (streamed) co_return stream_body();
  if (parser.content_length().value_or(0) > hub_->limits.body_bytes) co_return 413;
  parser.body_limit(hub_->limits.body_bytes);
  deadline_ = Clock::now() + hub_->limits.body_time;
  const int body = co_await read_body();
  work_->request.body = work_->parser->get().body();
  co_return body;
}

async<int> Connection::read_head() {
  std::size_t searched = 0;
  std::size_t end = 0;
  for (bool skipped = false;;) {
    // One empty line before a request is ignored (RFC 9112 section 2.2).
    if (!skipped && work_->unread().starts_with("\r\n")) {
      work_->take(2);
      skipped = true;
    }
    end = find_head_end(work_->unread(), searched);
    if (end == kBareLineFeed) co_return 400;
    if (end > 0) break;
    searched = work_->unread().size();
    if (searched >= hub_->limits.head_bytes) co_return 431;
    const Read read = co_await read_more();
    if (read != Read::some) co_return status_of(read);
  }
  const std::string_view head = work_->unread().substr(0, end);
  if (const int status = check_head(head); status != 0) co_return status;

  work_->parser.emplace();
  work_->parser->header_limit(static_cast<std::uint32_t>(hub_->limits.head_bytes));
  work_->parser->body_limit(boost::none);
  error_code error;
  const std::size_t used = work_->parser->put(asio::buffer(head), error);
  work_->take(used);
  co_return error || used != end || !work_->parser->is_header_done() ? 400 : kComplete;
}

template <class Message>
void Connection::fill_request(const Message& message) {
  Request& request = work_->request;
  request.method_name = message.method_string();
  request.method = method_of(request.method_name);
  request.target = message.target();
  request.peer = peer_;
  split_target(request);
  // Copied now, not after the body: trailer fields of a chunked body must never pass for header fields (RFC 9110
  // section 6.5.1).
  request.fields.clear();
  for (const auto& field : message) request.fields.push_back({field.name_string(), field.value()});
}

int Connection::stream_body() {
  if (hub_->streamed_bodies >= hub_->limits.streamed_bodies) return 503;
  work_->grow(hub_->limits.streamed_buffer);
  streamed_ = std::make_unique<StreamedBody>(*this, std::move(*work_->parser));
  fill_request(streamed_->parser().get());  // the other parser is empty now
  work_->request.body_stream = streamed_.get();
  return kComplete;
}

async<int> Connection::read_body() {
  auto& parser = *work_->parser;
  const bool asks = ascii_lower(work_->request.header("Expect")) == "100-continue";
  if (asks && !parser.is_done() && work_->unread().empty() && parser.get().version() == 11) {
    const bool written = co_await write(kContinue, {});
    if (!written) co_return kGone;
    deadline_ = Clock::now() + hub_->limits.body_time;
  }
  parser.eager(true);
  while (!parser.is_done()) {
    error_code error;
    std::size_t used = 0;
    if (!work_->unread().empty()) {
      used = parser.put(asio::buffer(work_->unread()), error);
      work_->take(used);
    }
    if (error == beast_http::error::body_limit) co_return 413;
    if (error && error != beast_http::error::need_more) co_return 400;
    if (parser.is_done()) break;
    // The parser needs a chunk's line as a whole; an honest client sends none that fills the buffer.
    if (used == 0 && work_->unread().size() == work_->capacity) co_return 400;
    const Read read = co_await read_more();
    if (read != Read::some) co_return status_of(read);
  }
  co_return kComplete;
}

async<Connection::Read> Connection::read_more() {
  auto [error, count] = co_await socket_.async_read_some(work_->room(), io::kAsTuple);
  work_->end += count;
  // A steady trickle of bytes never waits, so the sweep never sees it: the deadline is also checked here.
  if (Clock::now() >= deadline_) co_return Read::late;
  co_return error ? Read::gone : Read::some;
}

int Connection::status_of(Read read) const noexcept { return read == Read::late ? 408 : kGone; }

async<bool> Connection::answer() {
  deadline_ = Clock::time_point::max();  // the handler has its own deadline
  InFlight counted(streamed_ ? hub_->streamed_bodies : hub_->in_flight);
  Response response(500);
  bool failed = false;
  try {
    response = co_await hub_->handler(work_->request);
  } catch (const std::exception& error) {
    spdlog::error("http: a handler of {} threw: {}", work_->request.method_name, error.what());
    failed = true;
  }
  if (failed) {
    co_await send_error(500);
    co_return false;
  }
  if (response.status == kNoAnswer) co_return false;
  // A client that already pipelined its next request gets a response to it, even while the server drains.
  const bool leaving = hub_->draining && work_->unread().empty();
  const bool keep = work_->persistent && !leaving && (!streamed_ || streamed_->finished());
  const bool with_body = work_->request.method != Method::head;
  if (response.begin && with_body) {
    const bool room = !hub_->draining && hub_->stream_count < hub_->limits.streams;
    if (!room) co_await send_error(503);
    if (room) start_stream(std::move(response));
    co_return false;
  }
  const bool sent = co_await send(std::move(response), with_body, !keep);
  if (!sent) co_return false;
  if (!keep) co_await close_gracefully();
  co_return keep;
}

void Connection::start_stream(Response response) {
  std::string head;
  write_head(head, response, hub_->date(), true);
  response.begin(OpenStream::start(hub_, std::move(socket_), std::move(head)));
}

async<void> Connection::send_error(int status) {
  Response response = hub_->error_page ? hub_->error_page(status, work_->request) : plain_error(status);
  const bool sent = co_await send(std::move(response), true, true);
  if (sent) co_await close_gracefully();
}

async<bool> Connection::send(Response response, bool with_body, bool close) {
  work_->head.clear();
  write_head(work_->head, response, hub_->date(), close);
  const bool body = with_body && !bodyless(response.status);
  co_return co_await write(work_->head, body ? std::string_view(response.body) : std::string_view());
}

async<bool> Connection::write(std::string_view first, std::string_view second) {
  std::array<asio::const_buffer, 2> rest{asio::buffer(first), asio::buffer(second)};
  error_code error;
  // Nearly every response fits into the socket's buffer: try without a turn of the event loop.
  std::size_t written = socket_.write_some(rest, error);
  for (;;) {
    if (error && error != asio::error::would_block) co_return false;
    const std::size_t of_first = std::min(written, rest[0].size());
    rest[0] += of_first;
    rest[1] += written - of_first;
    if (asio::buffer_size(rest) == 0) co_return true;
    // Each write that makes progress restarts the deadline: a slow reader is fine, one that reads nothing is cut off.
    deadline_ = Clock::now() + hub_->limits.write_time;
    auto [failed, count] = co_await socket_.async_write_some(rest, io::kAsTuple);
    error = failed;
    written = count;
  }
}

async<void> Connection::close_gracefully() {
  error_code error;
  socket_.shutdown(Socket::shutdown_send, error);
  if (!work_) work_ = hub_->borrow();
  deadline_ = Clock::now() + kDiscardTime;
  std::size_t discarded = 0;
  while (!error && discarded < kDiscardBytes && Clock::now() < deadline_) {
    auto [failed, count] =
        co_await socket_.async_read_some(asio::buffer(work_->bytes.get(), work_->capacity), io::kAsTuple);
    error = failed;
    discarded += count;
  }
}

async<void> serve(std::unique_ptr<Connection> connection) { co_await connection->run(); }

}  // namespace ms::http
