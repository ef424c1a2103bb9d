#include "infra/markdown/markdown.hpp"

#include <gmock/gmock.h>

#include <string>
#include <thread>

namespace ms::markdown {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

std::string html(std::string_view text) { return std::string(render(text).html()); }

std::string repeat(std::string_view piece, std::size_t bytes) {
  std::string out;
  while (out.size() < bytes) out += piece;
  return out;
}

TEST(Markdown, ParagraphsAndEveryLineBreakCount) {
  EXPECT_EQ(html("안녕하세요\n반갑습니다\n\n둘째 문단"), "<p>안녕하세요<br />\n반갑습니다</p>\n<p>둘째 문단</p>\n");
}

TEST(Markdown, HeadingsStartBelowThePageTitle) {
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

TEST(Markdown, DangerousAddressesAreReplaced) {
  for (const auto* attack :
       {"[x](javascript:alert(1))", "[x](JaVaScRiPt:alert(1))", "[x](vbscript:x)", "[x](data:text/html,x)",
        "[x](&#106;avascript:alert(1))", "<javascript:alert(1)>", "![x](javascript:alert(1))",
        "[x][y]\n\n[y]: javascript:alert(1)", "[x](\x01javascript:alert(1))"}) {
    EXPECT_THAT(html(attack), Not(testing::ContainsRegex("(href|src)=\"[^\"#h/]"))) << attack;
  }
  EXPECT_THAT(html("[x](https://a.test/\"onclick=\"alert)"), Not(HasSubstr("\"onclick")));
  EXPECT_THAT(html("[x](<https://a.test/\" onclick=\"alert>)"), Not(HasSubstr("\" onclick")));
}

TEST(Markdown, InvalidUtf8IsReplaced) { EXPECT_THAT(html("a\xff z"), HasSubstr("\xef\xbf\xbd")); }

// tests/fuzz/markdown.cpp measures that their cost is low.
TEST(Markdown, CostAndSizeAreLinear) {
  constexpr std::size_t kBytes = 200 * 1024;  // the longest post
  const std::string columns = repeat("|a", 4000) + "\n" + repeat("|-", 4000) + "\n";
  const std::string fewer = repeat("|a", 80) + "\n" + repeat("|-", 80) + "\n";
  for (const auto& bomb : {repeat(">", kBytes),
                           repeat("[", kBytes),
                           repeat("> ", kBytes),
                           repeat("*a _b ", kBytes),
                           repeat("a**b", kBytes),
                           repeat("[a](", kBytes),
                           repeat("- ", kBytes),
                           repeat("www.", kBytes),
                           repeat("a@", kBytes),
                           repeat("http://", kBytes),
                           repeat("~~a ", kBytes),
                           repeat("`a``b", kBytes),
                           repeat("&a", kBytes),
                           repeat("[^a]:b\n", kBytes),
                           repeat("|a\n", kBytes),
                           repeat("> a\n", kBytes),
                           repeat("- a\n  ", kBytes),
                           repeat("1. a\n", kBytes),
                           repeat("![a](/b)", kBytes),
                           repeat("![[", kBytes) + repeat("[a](/b)", kBytes),
                           repeat("\\", kBytes),
                           columns + repeat("|a\n", kBytes),
                           fewer + repeat("|\n", kBytes),
                           repeat(repeat("> ", 600) + "a\n", kBytes),
                           repeat(repeat("- ", 600) + "a\n", kBytes),
                           repeat("```a\n", kBytes),
                           repeat("> - ", kBytes),
                           repeat("- a\n\n\n", kBytes)}) {
    EXPECT_LT(html(bomb).size(), 70 * bomb.size()) << bomb.substr(0, 10);
  }
}

TEST(Markdown, DeepNestingStaysText) {
  const std::string quotes = html(repeat("> ", 300) + "a\n\nb");
  EXPECT_THAT(quotes, HasSubstr("<p>&gt; &gt; "));
  EXPECT_THAT(quotes, HasSubstr("</blockquote>\n<p>b</p>\n"));
  std::string items;
  for (std::size_t depth = 0; depth < 100; ++depth) items += std::string(2 * depth, ' ') + "- a\n";
  EXPECT_THAT(html(items), HasSubstr("- a<br />\n<span"));
}

std::vector<Mention> mentioned(std::string_view text) { return mentions(text, 21); }

TEST(Markdown, MentionsAreInTextOnly) {
  EXPECT_THAT(mentioned("@김하늘님, @이서준#57 그리고 **@kim_min** @김하늘님"),
              ElementsAre(Mention{"김하늘님", 0}, Mention{"이서준", 57}, Mention{"kim_min", 0}));
  EXPECT_THAT(mentioned("> - @김하늘\n\n| @이서준 |\n|---|\n| @박 |"),
              ElementsAre(Mention{"김하늘", 0}, Mention{"이서준", 0}, Mention{"박", 0}));
  for (const auto* other :
       {"`@김하늘`", "```\n@김하늘\n```", "[@김하늘](/x)", "![@김하늘](/x)", "kim@a.test", "https://a.test/@kim",
        "ho**@naver.com", "@", "@ 김하늘", "@@김하늘", "a/@김하늘", "김하늘", ""}) {
    EXPECT_THAT(mentioned(other), IsEmpty()) << other;
  }
}

TEST(Markdown, MentionsEndWhereANameEnds) {
  EXPECT_THAT(mentioned("(@김하늘) 안녕@이서준! @가-나 @다.라 @마#x @바#0 @사#12님 @😀"),
              ElementsAre(Mention{"김하늘", 0}, Mention{"이서준", 0}, Mention{"가", 0}, Mention{"다", 0},
                          Mention{"마", 0}, Mention{"바", 0}, Mention{"사", 12}));
  EXPECT_THAT(mentioned("@" + repeat("가", 3 * 40)), SizeIs(1));
  EXPECT_THAT(mentioned("@" + repeat("가", 3 * 41)), SizeIs(1));
  EXPECT_THAT(mentioned("@가/@나 담당=@다 -@라 _@마 @바@사 a.kr/@아 x=@자@"), SizeIs(7));
  EXPECT_THAT(mentioned("@\xff\xfe @\xea\xb0"), IsEmpty());
  EXPECT_EQ(mentionable("Kim, 하늘 (2)"), "Kim하늘2");
}

TEST(Markdown, MentionsAreLimited) {
  std::string many;
  for (int i = 0; i < 500; ++i) many += "@이름" + std::to_string(i) + " ";
  EXPECT_THAT(mentioned(many), SizeIs(21));
  EXPECT_THAT(mentioned(repeat("@가 ", 201 * 5)), SizeIs(1));  // the same one repeated
  EXPECT_THAT(mentioned("`" + repeat("@가 ", 500)), SizeIs(1));
}

TEST(Markdown, MentionsLinkToTheGivenTargets) {
  const std::vector<Link> links = {{{"김하늘님", 0}, "김하늘", "/members/3"},
                                   {{"이서준", 57}, "이서준", "/members/57"}};
  const auto linked = [&](std::string_view text) { return std::string(render(text, links).html()); };
  EXPECT_EQ(linked("안녕 @김하늘님, @이서준#57님 @누구"),
            "<p>안녕 <a class=\"mention\" href=\"/members/3\">@김하늘</a>님, <a class=\"mention\" "
            "href=\"/members/57\">@이서준</a>님 @누구</p>\n");
  EXPECT_EQ(linked("`@김하늘님` [@김하늘님](/x)"),
            "<p><code>@김하늘님</code> <a href=\"/x\" rel=\"nofollow ugc noopener\">@김하늘님</a></p>\n");
  EXPECT_EQ(linked("**@김하늘님** <b>"),
            "<p><strong><a class=\"mention\" href=\"/members/3\">@김하늘</a>님</strong> &lt;b&gt;</p>\n");
  const std::vector<Link> evil = {{{"x", 0}, "x", "javascript:alert(1)"}};
  EXPECT_EQ(render("@x", evil).html(), "<p><a class=\"mention\" href=\"#\">@x</a></p>\n");
}

TEST(Markdown, LinksAddressesAndMentionsWorkInAllBlocks) {
  const std::vector<Link> links = {{{"김하늘", 0}, "김하늘", "/members/3"}};
  const std::string mention = "<a class=\"mention\" href=\"/members/3\">@김하늘</a>";
  const std::string rel = "\" rel=\"nofollow ugc noopener\">";
  const std::string link = "<a href=\"https://a.kr/form" + rel + "신청</a>";
  const std::string web = "<a href=\"https://b.kr/x" + rel + "https://b.kr/x</a>";
  const std::string mail = "<a href=\"mailto:c@d.kr" + rel + "c@d.kr</a>";
  const std::string text = "@김하늘 [신청](https://a.kr/form) https://b.kr/x c@d.kr";
  const std::string expected = mention + " " + link + " " + web + " " + mail;
  for (const auto& [before, behind] : std::vector<std::pair<std::string, std::string>>{{"", ""},
                                                                                       {"# ", ""},
                                                                                       {"- 가\n- ", ""},
                                                                                       {"1. 가\n2. ", ""},
                                                                                       {"> ", ""},
                                                                                       {"> - 가\n> - ", ""},
                                                                                       {"|a|b|\n|-|-|\n|", "|x|"},
                                                                                       {"|", "|b|\n|-|-|"},
                                                                                       {"a|b\n-|-\nx|", ""},
                                                                                       {"**", "**"},
                                                                                       {"~~", "~~"},
                                                                                       {"*가* ", ""},
                                                                                       {"- [ ] ", ""},
                                                                                       {"> |a|b|\n> |-|-|\n> |", "|"},
                                                                                       {"가\n나\n", "\n다"}}) {
    const std::string in = before + text + behind;
    EXPECT_THAT(std::string(render(in, links).html()), HasSubstr(expected)) << in;
    EXPECT_THAT(mentioned(in), ElementsAre(Mention{"김하늘", 0})) << in;
  }
}

TEST(Markdown, ImagesBecomeLinks) {
  EXPECT_EQ(html("![사진](https://elsewhere.kr/p.gif)"),
            "<p><a href=\"https://elsewhere.kr/p.gif\" rel=\"nofollow ugc noopener\">사진</a></p>\n");
  EXPECT_EQ(html("![](/p.gif)"), "<p><a href=\"/p.gif\" rel=\"nofollow ugc noopener\">/p.gif</a></p>\n");
  EXPECT_EQ(html("[![사진](https://b.kr/p.gif)](https://c.kr)"),
            "<p><a href=\"https://c.kr\" rel=\"nofollow ugc noopener\">사진</a></p>\n");
  EXPECT_EQ(html("와![신청](/x)"), "<p>와<a href=\"/x\" rel=\"nofollow ugc noopener\">신청</a></p>\n");
  for (const auto* text :
       {"![x](https://e.kr/p.gif)", "![x][y]\n\n[y]: https://e.kr/p.gif", "<img src=https://e.kr/p.gif>",
        "![x](data:image/png;base64,AA==)", "|a|b|\n|-|-|\n|![x](https://e.kr/p.gif)|",
        "![a ![b](https://e.kr/c.gif)](https://e.kr/d.gif)", "<svg><image href=https://e.kr/p.gif>"}) {
    for (const auto* loads : {"<img", "<svg", "<image", "src=\"", "<iframe", "<video"})
      EXPECT_THAT(html(text), Not(HasSubstr(loads))) << text;
  }
}

TEST(Markdown, LinksDoNotNest) {
  EXPECT_EQ(html("[가 [나](/b) 다](/c)"), "<p>[가 <a href=\"/b\" rel=\"nofollow ugc noopener\">나</a> 다](/c)</p>\n");
  EXPECT_EQ(html("[https://a.kr @이름 c@d.kr](/b)"),
            "<p><a href=\"/b\" rel=\"nofollow ugc noopener\">https://a.kr @이름 c@d.kr</a></p>\n");
  EXPECT_EQ(html("[](https://a.kr)"),
            "<p><a href=\"https://a.kr\" rel=\"nofollow ugc noopener\">https://a.kr</a></p>\n");
}

TEST(Markdown, ThreadsAreIndependent) {
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
