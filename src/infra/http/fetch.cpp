#include "infra/http/fetch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <charconv>

#include "infra/io/use_awaitable.hpp"

namespace ms::http {
namespace {

namespace beast_http = boost::beast::http;
using boost::system::error_code;
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<asio::generic::stream_protocol, Executor>;

/// Shared with the timer's handler, which may still be queued when the coroutine has finished.
struct Exchange {
  explicit Exchange(const Executor& executor) : socket(executor) {}
  Socket socket;
  bool timed_out = false;
};

std::unexpected<std::string> failure(const Exchange& exchange, const char* what, const error_code& error) {
  return std::unexpected(exchange.timed_out ? fmt::format("{}: no answer in time", what)
                                            : fmt::format("{}: {}", what, error.message()));
}

}  // namespace

std::optional<FetchRequest> parse_url(std::string_view url) {
  constexpr std::string_view kScheme = "http://";
  constexpr unsigned short kHttpPort = 80;
  if (!url.starts_with(kScheme)) return std::nullopt;
  url.remove_prefix(kScheme.size());
  const auto slash = std::min(url.find('/'), url.size());
  const std::string_view authority = url.substr(0, slash);
  std::string_view host = authority;
  unsigned short port = kHttpPort;
  const auto colon = authority.rfind(':');
  if (colon != std::string_view::npos && !authority.ends_with(']')) {
    const std::string_view digits = authority.substr(colon + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    host = authority.substr(0, colon);
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  boost::system::error_code error;
  const auto address = asio::ip::make_address(std::string(host), error);
  if (error) return std::nullopt;
  FetchRequest out;
  out.to = asio::ip::tcp::endpoint(address, port);
  out.host = "localhost";  // the name by which Nginx's server block is found (deploy/nginx)
  out.path = slash == url.size() ? "/" : std::string(url.substr(slash));
  return out;
}

async<std::expected<FetchResponse, std::string>> fetch(FetchRequest request, Deadline deadline) {
  const auto executor = co_await asio::this_coro::executor;
  const auto exchange = std::make_shared<Exchange>(executor);
  io::Timer timer(executor, deadline);
  timer.async_wait([exchange](const error_code& error) {
    if (error) return;
    error_code ignored;
    exchange->timed_out = true;
    exchange->socket.close(ignored);
  });

  auto [connect_error] = co_await exchange->socket.async_connect(request.to, io::kAsTuple);
  if (connect_error) co_return failure(*exchange, "connect", connect_error);
  const std::string sent = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\nAccept: {}\r\nConnection: close\r\n\r\n",
                                       request.method, request.path, request.host, request.accept);
  auto [write_error, written] = co_await asio::async_write(exchange->socket, asio::buffer(sent), io::kAsTuple);
  if (write_error) co_return failure(*exchange, "write", write_error);

  beast_http::response_parser<beast_http::string_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(request.max_bytes));
  parser.body_limit(request.max_bytes);
  boost::beast::flat_buffer buffer(2 * request.max_bytes);
  auto [read_error, read] = co_await beast_http::async_read(exchange->socket, buffer, parser, io::kAsTuple);
  if (read_error) co_return failure(*exchange, "answer", read_error);
  co_return FetchResponse{static_cast<int>(parser.get().result_int()), std::move(parser.get().body())};
}

}  // namespace ms::http
