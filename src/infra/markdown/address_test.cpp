#include <gmock/gmock.h>

#include <string>

#include "infra/markdown/markdown.hpp"

namespace ms::markdown {
namespace {

std::string html(std::string_view text) {
  std::string out(render(text).html());
  return out.substr(3, out.size() - 8);  // without <p> and </p>\n
}
std::string anchor(std::string_view href, std::string_view text) {
  return std::string("<a href=\"").append(href).append("\" rel=\"nofollow ugc noopener\">").append(text).append("</a>");
}
std::string anchor(std::string_view address) { return anchor(address, address); }

TEST(Address, EndsBeforeTheSentenceContinues) {
  for (const auto* address :
       {"https://www.example.com/notice", "http://a.kr", "https://a.kr/", "https://a.kr:8080/x",
        "https://a.kr/notice/123", "https://a.kr/?page=2", "https://a.kr#top", "https://a.kr/2026/3.html",
        "https://a.kr/%EA%B3%B5%EC%A7%80", "https://ko.wikipedia.org/wiki/한국어",
        "https://ko.wikipedia.org/wiki/한국어_(언어)", "https://a.kr/~user/x_y-z", "https://a.kr/notice-공지.hwp",
        "https://a.kr/?q=한국어", "https://a.kr/x_(1)", "https://xn--3e0b707e.kr/x", "https://학교.kr/공지",
        "https://a.kr/x*y"}) {
    const std::string_view last = address;
    const bool korean = static_cast<unsigned char>(last.back()) >= 0x80;
    for (const auto* behind : {"에서", "를 보세요", "(공지)", "）", "」에서", "。", "，그리고", " 참고", ".", ",",
                               "!",    "?",         "…",      "”",  "·",      "：", "]",        "~",     ";", "、"}) {
      if (korean && (std::string_view(behind) == "에서" || std::string_view(behind) == "를 보세요")) continue;
      const std::string text = std::string(address) + behind;
      EXPECT_EQ(html(text), anchor(address) + behind);
      EXPECT_EQ(html("주소:" + text), "주소:" + anchor(address) + behind);
      EXPECT_EQ(html("바로가기(" + text), "바로가기(" + anchor(address) + behind);
    }
  }
  for (const auto* whole :
       {"https://school.kr/file/2026학년도_계획.hwp", "https://a.kr/계획_2026학년도.hwp", "https://a.kr/통신문_3월.hwp",
        "https://ko.wikipedia.org/wiki/2026년_지방선거", "https://a.kr/?월=3월", "https://a.kr/1호",
        "https://youtu.be/dQw4w9WgXc_", "https://forms.gle/Ab_Cd_", "https://학교.한국", "https://a.kr/2학년3반.hwp"}) {
    EXPECT_EQ(html(whole), anchor(whole));
  }
  EXPECT_EQ(html("https://a.kr/통신문_3월.hwp에서"), anchor("https://a.kr/통신문_3월.hwp") + "에서");
  EXPECT_EQ(html("https://a.kr/123에서"), anchor("https://a.kr/123") + "에서");
  EXPECT_EQ(html("http://서울초.한국에서"), anchor("http://서울초.한국") + "에서");
  EXPECT_EQ(html("http://한글.한국은"), anchor("http://한글.한국") + "은");
  EXPECT_EQ(html("_참고: https://a.kr/x_"), "<em>참고: " + anchor("https://a.kr/x") + "</em>");
  EXPECT_EQ(html("&lt;https://a.kr/x&gt;"), "&lt;" + anchor("https://a.kr/x") + "&gt;");
  EXPECT_EQ(html("https://a.kr/?a=1&amp;b=2"), anchor("https://a.kr/?a=1&amp;b=2"));
  EXPECT_EQ(html("www.example.com에서"), anchor("http://www.example.com", "www.example.com") + "에서");
  EXPECT_EQ(html("(www.example.com/가나)"), "(" + anchor("http://www.example.com/가나", "www.example.com/가나") + ")");
  EXPECT_EQ(html("https://a.kr/notice,신청은"), anchor("https://a.kr/notice") + ",신청은");
  EXPECT_EQ(html("https://a.kr/123번"), anchor("https://a.kr/123") + "번");
  EXPECT_EQ(html("<https://a.kr/x>"), "&lt;" + anchor("https://a.kr/x") + "&gt;");
  EXPECT_EQ(html("**https://a.kr/x**를"), "<strong>" + anchor("https://a.kr/x") + "</strong>를");
  EXPECT_EQ(html("\"https://a.kr/x\"는"), "&quot;" + anchor("https://a.kr/x") + "&quot;는");
  EXPECT_EQ(html("HTTPS://A.kr"), anchor("HTTPS://A.kr"));
}

TEST(Address, NeedsAHost) {
  for (const auto* text : {"https://", "http:// a", "www.", "www.a", "awww.a.kr", "xhttps://a.kr", "https://.",
                           "ftp://a.kr", "javascript:alert(1)", "www.가"})
    EXPECT_EQ(html(text), text);
}

TEST(Address, FindsMailAddresses) {
  EXPECT_EQ(html("hong@school.kr로"), anchor("mailto:hong@school.kr", "hong@school.kr") + "로");
  EXPECT_EQ(html("(a.b+c@x-y.co.kr)"), "(" + anchor("mailto:a.b+c@x-y.co.kr", "a.b+c@x-y.co.kr") + ")");
  EXPECT_EQ(html("문의:hong@school.kr."), "문의:" + anchor("mailto:hong@school.kr", "hong@school.kr") + ".");
  for (const std::string mail : {"hong_gildong@naver.com", "school_2026@korea.kr", "a_b_c@naver.com"}) {
    EXPECT_EQ(html("문의 " + mail), "문의 " + anchor("mailto:" + mail, mail));
  }
  EXPECT_EQ(html("**a_b@c.kr**"), "<strong>" + anchor("mailto:a_b@c.kr", "a_b@c.kr") + "</strong>");
  for (const auto* text : {"a@b", "@b.kr", "a@.kr", "a@b.k", "a@b.1", "a.@b.kr"}) EXPECT_EQ(html(text), text);
}

}  // namespace
}  // namespace ms::markdown
