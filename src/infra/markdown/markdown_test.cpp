#include "infra/markdown/markdown.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <string>
#include <thread>

namespace ms::markdown {
namespace {

using testing::HasSubstr;
using testing::Not;
using Clock = std::chrono::steady_clock;

std::string html(std::string_view text) { return std::string(render(text).html()); }

std::string repeat(std::string_view piece, std::size_t bytes) {
  std::string out;
  while (out.size() < bytes) out += piece;
  return out;
}

TEST(Markdown, ParagraphsAndEveryLineBreakCount) {
  EXPECT_EQ(html("안녕하세요\n반갑습니다\n\n둘째 문단"), "<p>안녕하세요<br />\n반갑습니다</p>\n<p>둘째 문단</p>\n");
}

TEST(Markdown, HeadingsBeginBelowThePagesOwn) {
  EXPECT_EQ(html("# 하나"), "<h2>하나</h2>\n");
  EXPECT_EQ(html("###### 여섯"), "<h6>여섯</h6>\n");
}

TEST(Markdown, LinksCarryRel) {
  EXPECT_EQ(html("[글](https://a.test/?a=1&b=2 \"제목\")"),
            "<p><a href=\"https://a.test/?a=1&amp;b=2\" title=\"제목\" rel=\"nofollow ugc noopener\">글</a></p>\n");
  EXPECT_THAT(html("https://a.test/x 참고"), HasSubstr("<a href=\"https://a.test/x\" rel=\"nofollow ugc noopener\">"));
}

TEST(Markdown, ExtensionsWork) {
  EXPECT_THAT(html("| 가 | 나 |\n|---|---|\n| 1 | 2 |"), HasSubstr("<td>1</td>"));
  EXPECT_THAT(html("~~취소~~"), HasSubstr("<del>취소</del>"));
  EXPECT_THAT(html("- [x] 끝냄"), HasSubstr("type=\"checkbox\""));
}

TEST(Markdown, HtmlIsShownAsText) {
  for (const auto* attack : {"<script>alert(1)</script>", "a <img src=x onerror=alert(1)> b", "<div>\n<b>x\n</div>",
                             "<!-- x --><svg/onload=alert(1)>", "<a href='javascript:alert(1)'>x</a>"}) {
    const auto out = html(attack);
    for (const auto* tag : {"<script", "<img", "<svg", "<div", "<a ", "<b>", "<!--"})
      EXPECT_THAT(out, Not(HasSubstr(tag)));
    EXPECT_THAT(out, HasSubstr("&lt;"));
  }
}

TEST(Markdown, DangerousAddressesLeadNowhere) {
  for (const auto* attack :
       {"[x](javascript:alert(1))", "[x](JaVaScRiPt:alert(1))", "[x](vbscript:x)", "[x](data:text/html,x)",
        "[x](&#106;avascript:alert(1))", "<javascript:alert(1)>", "![x](javascript:alert(1))",
        "[x][y]\n\n[y]: javascript:alert(1)", "[x](\x01javascript:alert(1))"}) {
    EXPECT_THAT(html(attack), Not(testing::ContainsRegex("(href|src)=\"[^\"#h/]"))) << attack;
  }
  EXPECT_THAT(html("[x](https://a.test/\"onclick=\"alert)"), Not(HasSubstr("\"onclick")));
  EXPECT_THAT(html("[x](<https://a.test/\" onclick=\"alert>)"), Not(HasSubstr("\" onclick")));
}

TEST(Markdown, BrokenUtf8DoesNotPass) { EXPECT_THAT(html("a\xff z"), HasSubstr("\xef\xbf\xbd")); }

TEST(Markdown, BombsCostLittle) {
  constexpr std::size_t kBytes = 250 * 1024;  // just below what is rendered at all
  const std::string columns = repeat("|a", 4000) + "\n" + repeat("|-", 4000) + "\n";
  const std::string fewer = repeat("|a", 80) + "\n" + repeat("|-", 80) + "\n";
  for (const auto& bomb : {repeat(">", kBytes),
                           repeat("[", kBytes),
                           repeat("> ", kBytes),
                           repeat("![l", kBytes),
                           repeat("_", kBytes),
                           repeat("a_", kBytes),
                           repeat("*a _b ", kBytes),
                           repeat("a**b", kBytes),
                           repeat("[a](", kBytes),
                           repeat("- ", kBytes),
                           repeat("www.", kBytes),
                           repeat("a@", kBytes),
                           repeat("a@", 390) + repeat("a", kBytes),
                           repeat(repeat("a", 250) + "@", kBytes),
                           repeat("http://", kBytes),
                           repeat("~a ", kBytes),
                           repeat("[a", kBytes),
                           repeat("<a", kBytes),
                           repeat("`a``b", kBytes),
                           repeat("&a", kBytes),
                           repeat("[^a]:b\n", kBytes),
                           repeat("[a]: b\n", kBytes),
                           repeat("|a\n", kBytes),
                           repeat("> a\n", kBytes),
                           repeat("a:", kBytes),
                           repeat("- a\n  ", kBytes),
                           repeat("1. a\n", kBytes),
                           repeat("[a]", kBytes),
                           repeat("![a]()", kBytes),
                           repeat("w", kBytes),
                           repeat("a\n-\n", kBytes),
                           repeat("\\", kBytes),
                           repeat("_a__b", kBytes),
                           columns + repeat("|a\n", kBytes),
                           fewer + repeat("|\n", kBytes),
                           repeat(repeat("> ", 600) + "a\n", kBytes),
                           repeat(repeat("- ", 600) + "a\n", kBytes),
                           repeat(repeat("- ", 100) + "\n", kBytes),
                           repeat("* a *b* _c", kBytes),
                           repeat("[x](<b", kBytes),
                           repeat("<!-- a ", kBytes),
                           repeat("<? a ", kBytes)}) {
    const auto begun = Clock::now();
    const auto out = html(bomb);
    const std::chrono::duration<double> took = Clock::now() - begun;
    EXPECT_LT(took.count(), 0.5) << bomb.substr(0, 10);
    EXPECT_LT(out.size(), 30 * bomb.size()) << bomb.substr(0, 10);
  }
}

TEST(Markdown, DeepNestingBecomesPlainText) {
  std::string deep;
  for (int i = 0; i < 150; ++i) deep += ">";
  EXPECT_THAT(html(deep + " a\n\nb"), HasSubstr("a</p>\n<p>b</p>"));
  EXPECT_THAT(html(deep), Not(HasSubstr("blockquote")));
}

TEST(Markdown, ThreadsDoNotDisturbEachOther) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < 500; ++i) EXPECT_EQ(html("~~a~~ https://b.test"), html("~~a~~ https://b.test"));
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_THAT(html("~~a~~"), HasSubstr("<del>"));
}

}  // namespace
}  // namespace ms::markdown
