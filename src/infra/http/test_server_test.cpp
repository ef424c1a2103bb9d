// Named *_test so that only the test program contains it.
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <charconv>
#include <future>
#include <stdexcept>
#include <utility>

#include "infra/http/body_reader.hpp"
#include "infra/http/test_server.hpp"
#include "infra/io/sleep.hpp"

namespace ms::http::test {
namespace {

using namespace std::chrono_literals;
constexpr int kTimeoutMs = 5000;

std::size_t number(std::string_view text) {
  std::size_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string_view name_of(BodyError error) {
  constexpr std::string_view kNames[] = {"gone", "too slow", "malformed", "stopping"};
  return kNames[static_cast<std::size_t>(error)];
}

}  // namespace

async<Response> TestServer::read(const Request& request) {
  if (request.path == "/streamed/none") co_return Response::text(401, "text/plain", "no");
  const bool slow = request.path == "/streamed/slow";
  std::string bytes;
  std::size_t size = 0;
  for (;;) {
    if (slow) co_await sleep_for(std::chrono::milliseconds(number(request.query)));
    const auto chunk = co_await request.body_stream->read();
    if (!chunk) co_return Response::text(400, "text/plain", std::string(name_of(chunk.error())));
    if (chunk->empty()) break;
    size += chunk->size();
    if (request.path == "/streamed/echo") bytes.append(*chunk);
    if (request.path == "/streamed/some" && size > number(request.query))
      co_return Response::text(413, "text/plain", "");
  }
  co_return Response::text(200, "text/plain", bytes.empty() ? std::to_string(size) : std::move(bytes));
}

async<Response> TestServer::handle(const Request& request) {
  if (request.path == "/stream") {
    co_return Response::stream("text/event-stream",
                               [this](std::shared_ptr<Stream> stream) { streams_.push_back(std::move(stream)); });
  }
  if (request.body_stream != nullptr) co_return co_await read(request);
  if (request.path == "/silent") co_return Response(kNoAnswer);
  if (request.path == "/throw") throw std::runtime_error("as asked");
  if (request.path == "/slow") co_await sleep_for(std::chrono::milliseconds(number(request.query)));
  if (request.path == "/big") co_return Response::text(200, "text/plain", std::string(number(request.query), 'x'));
  if (request.path == "/echo") co_return Response::text(200, "text/plain", std::string(request.body));
  std::string text(request.method_name);
  text.append(" ").append(request.path);
  if (request.path == "/fields") {
    for (const Field& field : request.fields) text.append("\n").append(field.name).append("=").append(field.value);
  }
  if (request.method == Method::other) text += " (other)";
  co_return Response::text(200, "text/plain", std::move(text));
}

Listener::Listener() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(fd_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(fd_, 128) != 0 ||
      ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("no free port");
  }
  port_ = ntohs(address.sin_port);
}

Listener::~Listener() { ::close(fd_); }

Client::Client(int port, int receive_buffer) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  if (receive_buffer > 0) ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(fd_);
    throw std::runtime_error("refused");
  }
}

Client::~Client() { ::close(fd_); }

bool Client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void Client::half_close() { ::shutdown(fd_, SHUT_WR); }

void Client::reset() {
  const linger at_once{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  ::close(std::exchange(fd_, -1));
}

bool Client::receive() {
  pollfd polled{fd_, POLLIN, 0};
  if (::poll(&polled, 1, kTimeoutMs) <= 0) throw std::runtime_error("the server said nothing");
  char bytes[16384];
  const ssize_t count = ::recv(fd_, bytes, sizeof bytes, 0);
  reset_ = count < 0;
  if (count > 0) buffer_.append(bytes, static_cast<std::size_t>(count));
  return count > 0;
}

std::string Client::answer(bool with_body) {
  std::size_t end = buffer_.find("\r\n\r\n");
  while (end == std::string::npos) {
    if (!receive()) return {};
    end = buffer_.find("\r\n\r\n");
  }
  const std::size_t length = buffer_.find("Content-Length: ");
  end += 4;
  if (with_body && length < end) end += number(std::string_view(buffer_).substr(length + 16));
  while (buffer_.size() < end) {
    if (!receive()) return {};
  }
  std::string whole = buffer_.substr(0, end);
  buffer_.erase(0, end);
  return whole;
}

std::string Client::rest() {
  while (receive()) {}
  return reset_ ? "RST" : std::move(buffer_);
}

std::string Client::take(std::size_t count) {
  while (buffer_.size() < count && receive()) {}
  std::string taken = buffer_.substr(0, count);
  buffer_.erase(0, count);
  return taken;
}

bool Client::silent_for(std::chrono::milliseconds time) {
  pollfd polled{fd_, POLLIN, 0};
  return buffer_.empty() && ::poll(&polled, 1, static_cast<int>(time.count())) == 0;
}

TestServer::TestServer(Limits limits, Server::ErrorPage error_page)
    : server_(std::make_unique<Server>(
          io_, listener_.fd(), limits, [this](const Request& request) { return handle(request); },
          std::move(error_page), [](const Request& request) { return request.path.starts_with("/streamed/"); })),
      thread_([this] { io_.run(); }) {
  asio::post(io_, [this] { server_->start(); });
}

TestServer::~TestServer() {
  destroy();
  work_.reset();  // anything left must end by itself, or this hangs and ctest reports it
  thread_.join();
}

void TestServer::on_thread(const std::function<void()>& act) {
  std::promise<void> done;
  asio::post(io_, [&] {
    act();
    done.set_value();
  });
  done.get_future().wait();
}

void TestServer::destroy() {
  on_thread([this] { server_.reset(); });
}

void TestServer::end_streams() {
  on_thread([this] { server_->end_streams(); });
}

ServerState TestServer::state() {
  ServerState state;
  on_thread([&] { state = server_->state(); });
  return state;
}

void TestServer::wait_for_in_flight(std::size_t count) {
  while (state().in_flight != count) std::this_thread::sleep_for(2ms);
}

void TestServer::wait_for_connections(std::size_t count) {
  while (state().connections != count) std::this_thread::sleep_for(2ms);
}

void TestServer::wait_for_streams(std::size_t count) {
  while (state().streams != count) std::this_thread::sleep_for(2ms);
}

void TestServer::wait_for_streamed_bodies(std::size_t count) {
  while (state().streamed_bodies != count) std::this_thread::sleep_for(2ms);
}

std::future<void> TestServer::drain(std::chrono::milliseconds idle_grace, std::chrono::milliseconds at_most) {
  return asio::co_spawn(io_, server_->drain(idle_grace, std::chrono::steady_clock::now() + at_most), asio::use_future);
}

}  // namespace ms::http::test
