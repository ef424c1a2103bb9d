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

/// Shared with the timer's handler, which may still be queued when the coroutine is over.
struct Line {
  explicit Line(const Executor& executor) : socket(executor) {}
  Socket socket;
  bool late = false;
};

std::unexpected<std::string> failure(const Line& line, const char* what, const error_code& error) {
  return std::unexpected(line.late ? fmt::format("{}: no answer in time", what)
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

async<std::expected<FetchResponse, std::string>> fetch(FetchRequest question, Deadline deadline) {
  const auto executor = co_await asio::this_coro::executor;
  const auto line = std::make_shared<Line>(executor);
  io::Timer timer(executor, deadline);
  timer.async_wait([line](const error_code& error) {
    if (error) return;
    error_code ignored;
    line->late = true;
    line->socket.close(ignored);
  });

  auto [refused] = co_await line->socket.async_connect(question.to, io::kAsTuple);
  if (refused) co_return failure(*line, "connect", refused);
  const std::string sent = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\nAccept: {}\r\nConnection: close\r\n\r\n",
                                       question.method, question.path, question.host, question.accept);
  auto [lost, written] = co_await asio::async_write(line->socket, asio::buffer(sent), io::kAsTuple);
  if (lost) co_return failure(*line, "write", lost);

  beast_http::response_parser<beast_http::string_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(question.max_bytes));
  parser.body_limit(question.max_bytes);
  boost::beast::flat_buffer buffer(2 * question.max_bytes);
  auto [broken, read] = co_await beast_http::async_read(line->socket, buffer, parser, io::kAsTuple);
  if (broken) co_return failure(*line, "answer", broken);
  co_return FetchResponse{static_cast<int>(parser.get().result_int()), std::move(parser.get().body())};
}

}  // namespace ms::http
