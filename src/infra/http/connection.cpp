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

// More requests at once than this are rare; what is above goes back to the system.
constexpr std::size_t kKeptWorkspaces = 64;
// After our last word the peer may still be sending. What it sent and we did not read would make the kernel answer RST,
// and the peer would lose our words; so that much is read and thrown away, for that long (RFC 9112 section 9.6).
// More than Nginx lets through (client_max_body_size): it reports 502 to the visitor when it cannot send a whole body.
constexpr std::size_t kDiscardBytes = 16 * 1024 * 1024;
constexpr std::chrono::seconds kDiscardTime{1};

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

/// Counts a running request, also when its coroutine is destroyed.
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

void Workspace::forget_request() noexcept {
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

void Hub::give_back(std::unique_ptr<Workspace> workspace) {
  if (!workspace || free_.size() == kKeptWorkspaces) return;
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
  for (auto at = streams.begin(); at != streams.end() && at->waits();) {
    OpenStream& stream = *at++;
    if (stream.deadline() <= now) stream.cut();
  }
}

void Hub::start_draining(std::chrono::milliseconds idle_grace) {
  draining = idle_grace;
  for (Connection& connection : connections) {
    if (connection.idle_) connection.deadline_ = std::min(connection.deadline_, idle_deadline());
  }
  end_streams();
}

void Hub::end_streams() {
  while (!streams.empty()) streams.front().leave();
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
  error_code ignored;  // a socket that is broken already says so at the first read
  socket_.non_blocking(true, ignored);
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  hub_->connections.push_back(*this);
  ++hub_->count;
}

Connection::~Connection() {
  unlink();
  hub_->give_back(std::move(work_));
  --hub_->count;
  hub_->tell_if_empty();
}

async<void> Connection::run() {
  for (;;) {
    if (!work_ || work_->unread().empty()) {
      hub_->give_back(std::move(work_));
      const bool readable = co_await wait_for_request();
      if (!readable) {
        if (Clock::now() >= deadline_) co_await hang_up();
        co_return;
      }
      work_ = hub_->borrow();
    }
    const int status = co_await read_request();
    if (status == kGone) co_return;
    if (status != kComplete) {
      co_await refuse(status);
      co_return;
    }
    const bool again = co_await answer();
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
  work_->forget_request();
  const int head = co_await read_head();
  if (head != kComplete) co_return head;
  fill_request();
  deadline_ = Clock::now() + hub_->limits.body_time;
  const int body = co_await read_body();
  work_->request.body = work_->parser->get().body();
  co_return body;
}

async<int> Connection::read_head() {
  std::size_t seen = 0;
  std::size_t end = 0;
  for (bool skipped = false;;) {
    // One empty line before a request is forgiven (RFC 9112 section 2.2).
    if (!skipped && work_->unread().starts_with("\r\n")) {
      work_->take(2);
      skipped = true;
    }
    end = find_head_end(work_->unread(), seen);
    if (end == kBareLineFeed) co_return 400;
    if (end > 0) break;
    seen = work_->unread().size();
    if (seen == work_->capacity) co_return 431;
    const Read read = co_await read_more();
    if (read != Read::some) co_return status_of(read);
  }
  const std::string_view head = work_->unread().substr(0, end);
  if (const int refused = check_head(head); refused != 0) co_return refused;

  work_->parser.emplace();
  work_->parser->header_limit(static_cast<std::uint32_t>(hub_->limits.head_bytes));
  work_->parser->body_limit(hub_->limits.body_bytes);
  error_code error;
  const std::size_t used = work_->parser->put(asio::buffer(head), error);
  work_->take(used);
  if (error == beast_http::error::body_limit) {
    fill_request();  // whose body is too large is asked for the page
    co_return 413;
  }
  co_return error || used != end || !work_->parser->is_header_done() ? 400 : kComplete;
}

void Connection::fill_request() {
  const auto& message = work_->parser->get();
  Request& request = work_->request;
  request.method_name = message.method_string();
  request.method = method_of(request.method_name);
  request.target = message.target();
  request.peer = peer_;
  split_target(request);
  // Now, not after the body: a chunked body's trailer fields must never pass for header fields (RFC 9110
  // section 6.5.1).
  request.fields.clear();
  for (const auto& field : message) request.fields.push_back({field.name_string(), field.value()});
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
    // The parser wants a chunk's line as a whole; one that fills the buffer is no chunk of an honest client.
    if (used == 0 && work_->unread().size() == work_->capacity) co_return 400;
    const Read read = co_await read_more();
    if (read != Read::some) co_return status_of(read);
  }
  co_return kComplete;
}

async<Connection::Read> Connection::read_more() {
  auto [error, count] = co_await socket_.async_read_some(work_->room(), io::kAsTuple);
  work_->end += count;
  // A steady trickle never waits, so it is also asked here and not by the sweep alone.
  if (Clock::now() >= deadline_) co_return Read::late;
  co_return error ? Read::gone : Read::some;
}

int Connection::status_of(Read read) const noexcept { return read == Read::late ? 408 : kGone; }

async<bool> Connection::answer() {
  deadline_ = Clock::time_point::max();  // the handler has its own
  InFlight counted(hub_->in_flight);
  Response response(500);
  bool failed = false;
  try {
    response = co_await hub_->handler(work_->request);
  } catch (const std::exception& error) {
    spdlog::error("http: a handler of {} threw: {}", work_->request.method_name, error.what());
    failed = true;
  }
  if (failed) {
    co_await refuse(500);
    co_return false;
  }
  if (response.status == kNoAnswer) co_return false;
  // Who draws the next request from the buffer has a right to its answer, even while we are draining.
  const bool leaving = hub_->draining && work_->unread().empty();
  const bool keep = work_->parser->get().version() == 11 && work_->parser->keep_alive() && !leaving;
  const bool with_body = work_->request.method != Method::head;
  if (response.begin && with_body) {
    const bool room = !hub_->draining && hub_->stream_count < hub_->limits.streams;
    if (!room) co_await refuse(503);
    if (room) go_on(std::move(response));
    co_return false;
  }
  const bool sent = co_await send(std::move(response), with_body, !keep);
  if (!sent) co_return false;
  if (!keep) co_await hang_up();
  co_return keep;
}

void Connection::go_on(Response response) {
  std::string head;
  write_head(head, response, hub_->date(), true);
  response.begin(OpenStream::start(hub_, std::move(socket_), std::move(head)));
}

async<void> Connection::refuse(int status) {
  Response response = hub_->error_page ? hub_->error_page(status, work_->request) : plain_error(status);
  const bool sent = co_await send(std::move(response), true, true);
  if (sent) co_await hang_up();
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
  // Nearly every answer fits into the socket's buffer: try without a turn through the loop.
  std::size_t written = socket_.write_some(rest, error);
  for (;;) {
    if (error && error != asio::error::would_block) co_return false;
    const std::size_t of_first = std::min(written, rest[0].size());
    rest[0] += of_first;
    rest[1] += written - of_first;
    if (asio::buffer_size(rest) == 0) co_return true;
    // From each step on anew: a slow reader is fine, one that does not read is cut off.
    deadline_ = Clock::now() + hub_->limits.write_time;
    auto [failed, count] = co_await socket_.async_write_some(rest, io::kAsTuple);
    error = failed;
    written = count;
  }
}

async<void> Connection::hang_up() {
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
