// The head of a request: refused, or one that the parser behind it reads in the same way, and no further than it goes.
// And lists of entity tags.
#include <boost/beast/http.hpp>

#include "infra/core/text.hpp"
#include "infra/http/wire.hpp"
#include "work.hpp"

namespace {

namespace beast_http = boost::beast::http;
namespace http = ms::http;
using ms::fuzz::require;

constexpr std::uint64_t kFixed = 20'000;
constexpr std::uint64_t kPerByte = 1'000;

void check_target(std::string_view target) {
  http::Request request;
  request.target = target;
  http::split_target(request);
  require(!request.path.empty() && !request.path.contains('?'), "a path", target);
  const std::string whole =
      std::string(request.path) + (target.contains('?') ? "?" + std::string(request.query) : std::string());
  require(target.ends_with(whole) || request.path == "/", "a path out of nothing", target);
}

void check_tags(std::string_view text) {
  const std::string tag = "\"7\"";
  const auto begin = ms::fuzz::loads();
  const bool listed = http::lists_tag(text, tag);
  ms::fuzz::check_work(begin, text.size(), kFixed, kPerByte);
  require(!listed || text.contains(tag) || text.contains('*'), "a tag that is not listed", text);
  require(http::lists_tag("W/\"7\", " + std::string(text) + "," + tag, tag), "a tag that is listed", text);
}

/// Nothing that the parser takes for the end or the length of the body escapes check_head().
void check_parsed(std::string_view head) {
  beast_http::request_parser<beast_http::string_body> parser;
  parser.body_limit(boost::none);
  boost::system::error_code error;
  const std::size_t used = parser.put(boost::asio::buffer(head), error);
  if (error || used != head.size() || !parser.is_header_done()) return;
  const auto& message = parser.get();
  const auto count = [&](std::string_view name) {
    return std::ranges::count_if(message,
                                 [&](const auto& field) { return ms::ascii_lower(field.name_string()) == name; });
  };
  require(count("host") <= 1, "two hosts", head);
  require(count("content-length") + count("transfer-encoding") <= 1, "two lengths", head);
  require(parser.chunked() == (count("transfer-encoding") == 1), "another coding", head);
  for (const auto& field : message) {
    require(!std::string_view(field.value()).contains('\n'), "a folded line", field.value());
  }
  check_target(message.target());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view bytes = ms::fuzz::text_of(data, size);
  check_tags(bytes);
  const auto begin = ms::fuzz::loads();
  const std::size_t end = http::find_head_end(bytes, 0);
  if (end == 0 || end == http::kBareLineFeed) return 0;
  require(end <= size && bytes.substr(0, end).ends_with("\r\n\r\n"), "another end", bytes);
  const std::string_view head = bytes.substr(0, end);
  const int refused = http::check_head(head);
  ms::fuzz::check_work(begin, size, kFixed, kPerByte);
  require(refused == 0 || refused == 400 || refused == 431 || refused == 501 || refused == 505, "a status", head);
  if (refused == 0) check_parsed(head);
  return 0;
}
