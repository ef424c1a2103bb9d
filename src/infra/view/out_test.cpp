#include "infra/view/out.hpp"

#include <gtest/gtest.h>

#include <array>
#include <limits>

namespace ms::view {
namespace {

template <class T>
concept PlainTakes = requires(Out& out, const T& value) { out.plain(value); };

std::string text(std::string_view value) {
  Out out;
  out.text(value);
  return out.take();
}
std::string url(std::string_view value) {
  Out out;
  out.url(value);
  return out.take();
}
std::string url_part(std::string_view value) {
  Out out;
  out.url_part(value);
  return out.take();
}

TEST(Out, TextEscapesTheFiveCharacters) {
  EXPECT_EQ(text("<a href=\"x\">'&'</a>"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;");
  EXPECT_EQ(text("<"), "&lt;");
  EXPECT_EQ(text("0123456789abcdef0123456789abcde&"), "0123456789abcdef0123456789abcde&amp;");
  EXPECT_EQ(text("0123456789abcdef0'23456789abcdef0"), "0123456789abcdef0&#39;23456789abcdef0");
  EXPECT_EQ(text(""), "");
}

TEST(Out, TextKeepsHangulAndZeroBytesWhole) {
  EXPECT_EQ(text("한빛 <고등학교> 동아리"), "한빛 &lt;고등학교&gt; 동아리");
  EXPECT_EQ(text(std::string_view("a\0<", 3)), std::string_view("a\0&lt;", 6));
}

TEST(Out, NumbersAndIdsAreDigits) {
  Out out;
  out.text(-7);
  out.text(std::numeric_limits<std::int64_t>::min());
  out.text(PostId{42});
  out.url_part(PostId{43});
  out.url_part(std::int64_t{44});
  EXPECT_EQ(out.take(), "-7-9223372036854775808424344");
}

TEST(Out, GrowsAndStartsEmptyAfterTake) {
  Out out(0);
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    out.raw("한");
    out.text(i);
    expected += "한" + std::to_string(i);
  }
  EXPECT_EQ(out.str(), expected);
  EXPECT_EQ(out.take(), expected);
  EXPECT_EQ(out.str(), "");
  out.text("<");
  EXPECT_EQ(out.take(), "&lt;");
}

TEST(Out, SafeHtmlIsAllowedInTextOnly) {
  Out out;
  out.text(written([](Out& html) { html.raw("<b>굵게</b>"); }));
  EXPECT_EQ(out.take(), "<b>굵게</b>");
  static_assert(PlainTakes<std::string> && PlainTakes<int> && PlainTakes<PostId> && PlainTakes<char[3]>);
  static_assert(!PlainTakes<SafeHtml> && !std::is_constructible_v<SafeHtml, std::string>);
}

TEST(Out, KeepsLocalUrlsAndKnownSchemes) {
  for (const std::string_view good : std::array{"/", "/boards/자유?page=2#c1", "?page=2", "#c1", "http://a.kr",
                                                "HTTPS://a.kr/x", "mailto:a@b.kr", "tel:02-123-4567"}) {
    EXPECT_EQ(url(good), good);
  }
}

TEST(Out, ReplacesOtherUrls) {
  for (const std::string_view bad : std::array{"",
                                               "javascript:alert(1)",
                                               "JaVaScRiPt:alert(1)",
                                               " javascript:alert(1)",
                                               "java\tscript:alert(1)",
                                               "java\nscript:alert(1)",
                                               "\x01javascript:alert(1)",
                                               "data:text/html,x",
                                               "vbscript:x",
                                               "//evil.kr",
                                               "/\\evil.kr",
                                               "/\t/evil.kr",
                                               "/\n/evil.kr",
                                               "\\\\evil.kr",
                                               "evil.kr",
                                               "http:evil.kr",
                                               "https:/evil.kr",
                                               "https://a.kr/\r\nx",
                                               "file:///etc/passwd",
                                               " /x",
                                               "/x\x7f"}) {
    EXPECT_EQ(url(bad), "#") << bad;
  }
}

TEST(Out, UrlsAreEscapedForTheAttribute) {
  EXPECT_EQ(url("/x?a=1&b=\"><script>'"), "/x?a=1&amp;b=&quot;&gt;&lt;script&gt;&#39;");
}

TEST(Out, EncodesUrlParts) {
  EXPECT_EQ(url_part("a-b_c.d~9"), "a-b_c.d~9");
  EXPECT_EQ(url_part("/../?q=1&x#y"), "%2F..%2F%3Fq%3D1%26x%23y");
  EXPECT_EQ(url_part("\"'<> \t\n\\:%"), "%22%27%3C%3E%20%09%0A%5C%3A%25");
  EXPECT_EQ(url_part("한"), "%ED%95%9C");
}

TEST(Body, CallsItsFunction) {
  Out out;
  const auto opening = [](Out& o) { o.raw("<p>"); };
  const auto call = [&](Body body) { body(out); };
  call(opening);
  call([](Out& o) { o.raw("</p>"); });
  EXPECT_EQ(out.take(), "<p></p>");
}

}  // namespace
}  // namespace ms::view
