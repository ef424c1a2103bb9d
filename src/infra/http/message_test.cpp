#include "infra/http/message.hpp"

#include <gtest/gtest.h>

#include "infra/http/wire.hpp"

namespace ms::http {
namespace {

TEST(Request, FindsHeadersWithoutCase) {
  Request request;
  request.fields = {{"Host", "a"}, {"X-Request-ID", "7"}};
  EXPECT_EQ(request.header("x-request-id"), "7");
  EXPECT_EQ(request.header("X-Request-Id"), "7");
  EXPECT_EQ(request.header("X-Request"), "");
}

TEST(Request, FindsCookies) {
  Request request;
  request.fields = {{"Cookie", "a=1; sid=s%3Aabc.d=; b"}, {"cookie", "late=2"}};
  EXPECT_EQ(request.cookie("a"), "1");
  EXPECT_EQ(request.cookie("sid"), "s%3Aabc.d=");
  EXPECT_EQ(request.cookie("late"), "2");
  EXPECT_EQ(request.cookie("b"), std::nullopt);
  EXPECT_EQ(request.cookie("id"), std::nullopt);
  request.fields = {{"Cookie", ""}};
  EXPECT_EQ(request.cookie("a"), std::nullopt);
}

TEST(Response, DropsLineBreaksInFields) {
  Response response;
  response.set("Location", "/a\r\nSet-Cookie: x=1");
  EXPECT_EQ(response.head(), "Location: /aSet-Cookie: x=1\r\n");
}

TEST(Response, WritesItsHead) {
  std::string out;
  write_head(out, Response::text(200, "text/plain", "hello"), "D", false);
  EXPECT_EQ(out, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nDate: D\r\n\r\n");
  out.clear();
  write_head(out, Response::see_other("/x"), "D", true);
  EXPECT_EQ(out, "HTTP/1.1 303 See Other\r\nLocation: /x\r\nContent-Length: 0\r\nDate: D\r\nConnection: close\r\n\r\n");
  out.clear();
  write_head(out, Response(304), "D", false);
  EXPECT_EQ(out, "HTTP/1.1 304 Not Modified\r\nDate: D\r\n\r\n");
}

TEST(Wire, WritesDatesOfRfc9110) { EXPECT_EQ(http_date(784111777), "Sun, 06 Nov 1994 08:49:37 GMT"); }

TEST(Wire, FindsTheEndOfAHeadFromAnyOffset) {
  const std::string_view head = "GET / HTTP/1.1\r\nHost: a\r\n\r\nrest";
  for (std::size_t searched = 0; searched < 27; ++searched) EXPECT_EQ(find_head_end(head, searched), 27u) << searched;
  EXPECT_EQ(find_head_end(head.substr(0, 26), 0), 0u);
  EXPECT_EQ(find_head_end("GET / HTTP/1.1\n\n", 0), kBareLineFeed);
  EXPECT_EQ(find_head_end("\n", 0), kBareLineFeed);
}

TEST(Wire, SplitsTargets) {
  const auto split = [](std::string_view target) {
    Request request;
    request.target = target;
    split_target(request);
    return std::pair(request.path, request.query);
  };
  using Pair = std::pair<std::string_view, std::string_view>;
  EXPECT_EQ(split("/a/b?c=d?e"), Pair("/a/b", "c=d?e"));
  EXPECT_EQ(split("/go?to=http://x/"), Pair("/go", "to=http://x/"));
  EXPECT_EQ(split("http://host:80/a?b"), Pair("/a", "b"));
  EXPECT_EQ(split("http://host"), Pair("/", ""));
  EXPECT_EQ(split("http://host?b"), Pair("/", "b"));
}

struct HeadCase {
  const char* what;
  std::string head;
  int status;
};

TEST(Wire, RejectsAmbiguousHeads) {
  using namespace std::string_literals;
  const std::string get = "GET / HTTP/1.1\r\n";
  const std::string host = "Host: a\r\n";
  const HeadCase cases[] = {
      {"plain", get + host, 0},
      {"port and IPv6", get + "Host: [::1]:3000\r\n", 0},
      {"chunked", get + host + "Transfer-Encoding: Chunked\r\n", 0},
      {"empty value", get + host + "X:\r\n", 0},
      {"tab in value", get + host + "X: a\tb\r\n", 0},
      {"absolute form", "GET http://a/b HTTP/1.1\r\n" + host, 0},
      {"scheme in capitals", "GET HTTP://a/b HTTP/1.1\r\n" + host, 0},
      {"another scheme", "GET ftp://a/b HTTP/1.1\r\n" + host, 400},
      {"asterisk", "OPTIONS * HTTP/1.1\r\n" + host, 0},
      {"1.0 without host", "GET / HTTP/1.0\r\n", 0},
      {"length and coding", get + host + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", 400},
      {"length and unknown coding", get + host + "Transfer-Encoding: x\r\nContent-Length: 3\r\n", 400},
      {"two lengths", get + host + "Content-Length: 3\r\nContent-Length: 3\r\n", 400},
      {"listed lengths", get + host + "Content-Length: 3, 3\r\n", 400},
      {"signed length", get + host + "Content-Length: +3\r\n", 400},
      {"hex length", get + host + "Content-Length: 0x3\r\n", 400},
      {"empty length", get + host + "Content-Length:\r\n", 400},
      {"huge length", get + host + "Content-Length: 99999999999999999999\r\n", 400},
      {"two codings", get + host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 400},
      {"coding in 1.0", "GET / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n", 400},
      {"gzip coding", get + host + "Transfer-Encoding: gzip, chunked\r\n", 501},
      {"identity coding", get + host + "Transfer-Encoding: identity\r\n", 501},
      {"hidden coding", get + host + "Transfer-Encoding: \x0b" + "chunked\r\n", 400},
      {"no host", get, 400},
      {"two hosts", get + host + host, 400},
      {"host with path", get + "Host: a/b\r\n", 400},
      {"host list", get + "Host: a, b\r\n", 400},
      {"fold", get + host + "X: a\r\n b\r\n", 400},
      {"fold at once", get + " X: a\r\n" + host, 400},
      {"space before colon", get + "Host : a\r\n", 400},
      {"no colon", get + host + "Transfer-Encoding\r\n", 400},
      {"no name", get + host + ": a\r\n", 400},
      {"name of no token", get + host + "X(y): a\r\n", 400},
      {"bare CR in value", get + host + "X: a\rb\r\n", 400},
      {"NUL in value", get + host + "X: a\0b\r\n"s, 400},
      {"NUL in name", get + host + "X\0: a\r\n"s, 400},
      {"DEL in value", get + host + "X: \x7f\r\n", 400},
      {"CR before the version", "GET /\r HTTP/1.1\r\n" + host, 400},
      {"two spaces", "GET  / HTTP/1.1\r\n" + host, 400},
      {"space in target", "GET /a b HTTP/1.1\r\n" + host, 400},
      {"tab in target", "GET /a\tb HTTP/1.1\r\n" + host, 400},
      {"no version", "GET /\r\n" + host, 400},
      {"no slash", "GET a HTTP/1.1\r\n" + host, 400},
      {"authority form", "CONNECT a:80 HTTP/1.1\r\n" + host, 400},
      {"method of no token", "G(T / HTTP/1.1\r\n" + host, 400},
      {"lower-case version", "GET / http/1.1\r\n" + host, 400},
      {"long version", "GET / HTTP/1.10\r\n" + host, 400},
      {"HTTP/2", "PRI * HTTP/2.0\r\n", 505},
      {"HTTP/1.2", "GET / HTTP/1.2\r\n" + host, 505},
      {"HTTP/0.9", "GET / HTTP/0.9\r\n" + host, 505},
      {"empty line", "\r\n", 400},
  };
  for (const HeadCase& row : cases) EXPECT_EQ(check_head(row.head + "\r\n"), row.status) << row.what;
}

TEST(Wire, FindsAnEntityTagInAList) {
  for (const char* yes : {"\"7\"", "*", " \"6\" ,\"7\"", "W/\"7\",\"7\""}) EXPECT_TRUE(lists_tag(yes, "\"7\"")) << yes;
  for (const char* no : {"", "7", "W/\"7\"", "\"77\"", "\"6\",*", ","}) EXPECT_FALSE(lists_tag(no, "\"7\"")) << no;
}

TEST(Wire, RejectsTooManyFields) {
  std::string head = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 1; i < 100; ++i) head += "A: b\r\n";
  EXPECT_EQ(check_head(head + "\r\n"), 0);
  EXPECT_EQ(check_head(head + "A: b\r\n\r\n"), 431);
}

}  // namespace
}  // namespace ms::http
