#include "infra/unicode/unicode.hpp"

#include <gmock/gmock.h>

namespace ms::unicode {
namespace {

TEST(Normal, ComposesAndHasOneLineBreak) {
  EXPECT_EQ(normal("\u1112\u1161\u11ab\u1100\u1173\u11af"), "한글");
  EXPECT_EQ(normal("e\u0301"), "é");
  EXPECT_EQ(normal("a\r\nb\rc\nd\u0085e\u2028f\u2029g\vh\fi"), "a\nb\nc\nd\ne\nf\ng\nh\ni");
  EXPECT_EQ(normal("a\r\n\r\nb\r"), "a\n\nb\n");
  EXPECT_EQ(normal("１２～"), "１２～");
}

TEST(Normal, AcceptsAnyBytes) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string one(1, static_cast<char>(byte));
    static_cast<void>(normal("é" + one + "é"));
    static_cast<void>(likeness("é" + one + "é"));
    EXPECT_TRUE(Line("가" + one + "나").text().starts_with("가"));
  }
  EXPECT_FALSE(Line("\xed\xa0\x80"
                    "a")
                   .pure());
  EXPECT_EQ(Line("\xff\xfe").text(), "");
}

TEST(Line, FoldsWhiteSpaceOfEveryKind) {
  EXPECT_EQ(Line("  김\t하늘 \n").text(), "김 하늘");
  EXPECT_EQ(Line("\u3000김\u00a0\u2003\u2028하\u0085늘\u3164").text(), "김 하 늘");
  for (const char* nothing :
       {"", " ", "\u3164", "\u200b", "\u00a0", "\u3000", "\u2800", "\u115f\u1160", "\uffa0", "\u2028", "\u0085",
        "\u00ad", "\u2060", "\ufeff", "\u180e", "\u034f", "\ufe0f", "\u200d", "\u17b4"}) {
    EXPECT_EQ(Line(nothing).text(), "") << nothing;
    EXPECT_TRUE(Line(nothing).pure());
  }
}

TEST(Line, RemovesForbiddenCharacters) {
  for (const char* bad : {"\x01", "\x7f", "\u0080", "\u009f", "\u202a", "\u202d", "\u202e", "\u2066", "\u2069",
                          "\ue000", "\U000f0000", "\u0378", "\uffff", "\U000e0041", "\ufff9"}) {
    const Line line("김" + std::string(bad) + "하늘");
    EXPECT_EQ(line.text(), "김하늘") << bad;
    EXPECT_FALSE(line.pure()) << bad;
  }
}

TEST(Line, HasNoLineBreaks) {
  for (const char* two : {"두\n줄", "두\r\n줄", "두 \u2028 줄", "두\u0085줄", "두\v줄"}) {
    EXPECT_EQ(Line(two).text(), "두 줄") << two;
    EXPECT_FALSE(Line(two).pure()) << two;
  }
  EXPECT_TRUE(Line("\n한 줄\r\n").pure());
}

TEST(Line, BoundsMarks) {
  std::string pile = "a";
  for (int i = 0; i < 29; ++i) pile += "\u0334";
  EXPECT_FALSE(Line(pile).pure());
  EXPECT_LE(Line(pile).text().size(), 1u + 2 * kMaxMarks);
  EXPECT_TRUE(Line("Việt Nam ค้ำ क्षि").pure());
}

TEST(Line, IsInNormalForm) {
  const std::string pile = "\u0302\u0316\u0302\u0316\u0302";
  for (const std::string& typed : std::vector<std::string>{"a\ufe0f\u200d👩", "क" + pile + "\u094d\u200dष",
                                                           "a" + pile + "\u200b" + pile, "क\u094d\u200d\u3164"}) {
    const Line once(typed);
    const Line twice(once.text());
    EXPECT_EQ(twice.text(), once.text());
    EXPECT_TRUE(twice.pure());
  }
}

TEST(Text, CountsMarksAcrossInvisibleCharacters) {
  const std::string pile = "\u0302\u0302\u0302\u0302\u0302";
  EXPECT_TRUE(Text("a" + pile + "\u200bb" + pile).pure());
  EXPECT_FALSE(Text("a" + pile + "\u200b" + pile).pure());
  EXPECT_FALSE(Line("a" + pile + "\u2060" + pile).pure());
}

TEST(Line, KeepsUsualText) {
  for (const char* good : {"[공지] 3. 2.(월) 개학식 10:00～12:00", "가족 👨‍👩‍👧 모임", "1️⃣ 신청 ❤️",
                           "🏴󠁧󠁢󠁥󠁮󠁧󠁿 영어 캠프", "🇰🇷 대한민국", "🫩🪏", "O'Brien", "José",
                           "عبد الله", "می‌خواهم", "क्‍ष", "葛󠄀", "ㅋㅋㅋ", "・【안내】"}) {
    EXPECT_EQ(Line(good).text(), good);
    EXPECT_TRUE(Line(good).pure()) << good;
  }
}

TEST(Text, RemovesOnlyForbiddenCharacters) {
  const Text text("첫 줄  \r\n\t둘째\u00a0줄\u200b \ue000\n");
  EXPECT_EQ(text.text(), "첫 줄  \n\t둘째\u00a0줄\u200b \ue000\n");
  EXPECT_TRUE(text.pure());
  for (const char* bad : {"\x01", "\x7f", "\u0081", "\u202d", "\u202e", "\ufffe", "\U000e0041"}) {
    EXPECT_EQ(Text("가" + std::string(bad) + "나").text(), "가나");
    EXPECT_FALSE(Text("가" + std::string(bad) + "나").pure());
  }
}

TEST(Visible, NeedsAGlyph) {
  for (const char* shown : {"가", "a", "1", ".", "★", "😀", "🫩", "ㄱ"}) EXPECT_TRUE(visible(shown)) << shown;
  for (const char* hidden : {"", " \n", "\u3164", "\u2800", "\u200b", "\u0301", "\ufe0f", "\u00ad"}) {
    EXPECT_FALSE(visible(hidden)) << hidden;
  }
  EXPECT_TRUE(has_letter("★가"));
  EXPECT_FALSE(has_letter("★1.😀"));
  EXPECT_FALSE(has_letter("\u3164"));
}

TEST(Visible, OfHtmlIsItsText) {
  for (const char* shown :
       {"<p>가</p>", "<p>&amp;</p>", "<p>&lt;</p>", "<p>a &nbsp;</p>", "<p>&#39;</p>", "&#xac00;"}) {
    EXPECT_TRUE(visible_html(shown)) << shown;
  }
  for (const char* hidden :
       {"", "<p></p>\n", "<hr />", "<p>&nbsp;</p>", "<p>&#8203;&#x3164;</p>", "<a href=\"/x\"></a>", "<p"}) {
    EXPECT_FALSE(visible_html(hidden)) << hidden;
  }
}

TEST(Likeness, IsEqualForLookalikes) {
  for (const char* like :
       {"admin", "ADMIN", "ａｄｍｉｎ", "аdmin", "a d m i n", "adm1n", "admln", "ad\u200bmin", "admın", "a.d.m.i.n"}) {
    EXPECT_EQ(likeness(like), likeness("admin")) << like;
  }
  for (const char* like :
       {"관리자", "관 리 자", "\u1100\u116a\u11ab\u1105\u1175\u110c\u1161", "관-리-자", "관\u3164리자"}) {
    EXPECT_EQ(likeness(like), likeness("관리자")) << like;
  }
  EXPECT_NE(likeness("김하늘"), likeness("김하놀"));
  EXPECT_NE(likeness("관리"), likeness("관리자"));
}

TEST(Isolated, OnlyWithRightToLeftLetters) {
  EXPECT_EQ(isolated("김하늘"), "김하늘");
  EXPECT_EQ(isolated("עברית"), "\u2068עברית\u2069");
  EXPECT_EQ(isolated("김 عبد"), "\u2068김 عبد\u2069");
}

TEST(Lower, CoversMoreThanAscii) {
  EXPECT_EQ(lower("É1@X"), "é1@x");
  EXPECT_EQ(narrow("ｋｉｍ＠ｘ．ｋｒ"), "kim@x.kr");
}

}  // namespace
}  // namespace ms::unicode
