// Korean notices as people write them must look as they were typed.
#include <gmock/gmock.h>

#include <string>

#include "infra/markdown/markdown.hpp"

namespace ms::markdown {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string html(std::string_view text) { return std::string(render(text).html()); }

/// One paragraph with every line as it was typed.
void expect_typed(std::string_view text) {
  std::string expected = "<p>";
  for (const char c : text) {
    if (c == '\n') {
      expected += "<br />\n";
    } else if (c == '>') {
      expected += "&gt;";
    } else if (c == '<') {
      expected += "&lt;";
    } else if (c == '\'') {
      expected += "&#39;";
    } else if (c == '"') {
      expected += "&quot;";
    } else {
      expected += c;
    }
  }
  EXPECT_EQ(html(text), expected + "</p>\n");
}

TEST(Notices, StayAsTheyWereTyped) {
  for (const auto* text :
       {// dates
        "2026. 3. 2. (월) 개학식\n2026. 3. 9. (월) 학부모 총회\n2026. 3. 16. (월) 상담 주간", "12. 25. 성탄절",
        "1. 1. 신정\n2. 9. 설날\n3. 1. 삼일절", "3. 2(월) 개학\n4. 5(일) 식목일", "1. 5일 방학\n2. 9~2. 13 봄 방학",
        "2026.3.2.", "3/2(월)~3/6(금)", "2026. 3. 2.\n- 개학식", "3. 1절 기념식",
        // numbers with gaps, starting elsewhere, of other kinds
        "1. 개회\n3. 교장 선생님 말씀\n4. 폐회", "3. 기타\n4. 폐회", "1. 하나뿐인 안건", "1) 일시\n2) 장소\n3) 대상",
        "01. 가\n02. 나", "가. 일시\n나. 장소", "① 신청\n② 추첨", "1.가\n2.나", "1. 가\n2. 나\n2. 다",
        "10. 5. 개교기념일\n11. 4. 학교 축제",
        // bullets and frames of other kinds
        "○ 일시: 3월 2일\n· 장소: 강당\n※ 우천 시 취소", "- 아 래 -", "- 다 음 -", "- 3 -", "* 끝 *",
        "*참고: 실내화 지참", "* 우천 시 취소합니다.", "-가정통신문", "- 홍길동 드림", "+82 10-1234-5678",
        "+ 교통비 3,000원\n+ 식비 5,000원", "-", "*", "ㅇ 대상: 전교생", "- - -", "* * *", "___",
        "____년 __월 __일 성명: ____(인)", "학년:__ 반:__ 번호:__", "__월__일", "- -", "•가 ▶ 나 □ 다",
        // text that is not a heading, rule or code
        "#1반", "#급식 #소식", "#", "###", "C#", "제목\n===", "안내\n=====\n내용", "~~~~~ 축하합니다 ~~~~~",
        "~~~\n가\n~~~", "```", "``` 가\n나",
        // ranges, waves and text that is not struck out
        "2~4시, 5~7시", "3~4월 중 5~6회", "안녕하세요~~ 반갑습니다~~", "네~~그렇군요~~", "10:00~12:00 / 13:00~15:00",
        "와~~~ ~~~", "~다 ~까",
        // asterisks that hide, multiply and refer
        "김*수, 이*영, 박*민", "김**, 이**, 박**", "김**(3반), 이**(4반)", "김**은 이**에게", "홍길*", "010-****-1234",
        "010-***-1234, 010-***-5678", "ho**@naver.com, ki**@daum.net", "5,000원*3명*2일", "2,000원 *3명 *2일",
        "3*4*5=60", "2 * 3 * 4", "이름*, 연락처*, 주소", "이름(*), 연락처(*)", "*표는 필수, **표는 선택",
        "*.hwp, *.pdf", "ab**12, cd**34", "비밀번호: ****", "*당첨자: 홍*동(3-1), 김*수(3-2)", "*명단(홍*동, 김*수)",
        "*명단(김*은, 박*이)", "당첨자 *홍*동 *김*수", "*표시는 필수입니다. 이름*, 연락처*", "**당첨자: 김**, 이**",
        "*.hwp, *.pdf 파일만 (필수*)", "*.hwp·*.pdf", "*1인당 2매*가족 수", "\"*\"은 필수, \"*\"",
        // emoticons
        "*^^*", "안녕하세요 (*^^*)", "*^-^*", "*^o^*", "*^ㅡ^*", "(*_*)", "*_*", "*-*-*", "_(._.)_", "*ㅇㅅㅇ*",
        // blanks to fill in
        "_년_월_일", "(_월_일)", "_학년_반_번 이름_", "_명_", "_학년_",
        // underscores of names
        "3학년_1반_명단.hwp", "파일_이름_목록", "snake_case_name",
        // text that is not a quote
        ">_<", ">> 신청하러 가기", ">ㅁ<", "10명 > 5명", "<필독> 안내", "<b>굵게</b>", "->", "3 < 5 > 2",
        // brackets after brackets
        "[공지](필독)", "[필독](전체) 3월 일정", "[장소]: 강당", "[1]: 참고", "[안내] 내용", "[가][나]", "[x]()",
        "![그림](사진)",
        // backslashes, which Korean keyboards show as the won sign
        "\\10,000", "\\\\server\\share", "C:\\*.hwp", "D:\\[공지]\\_가", "\\(^o^)/", "¯\\_(ツ)_/¯", "끝\\",
        // references
        "AT&T", "Q&A; 모음", "&foo;", "a & b", "&#8238;", "&#x200B;", "&#0;",
        // text that is not a table
        "초등 | 중등 | 고등", "|", "가 | 나\n--", "| 가 |\n|나|"}) {
    std::string escaped(text);
    for (std::size_t at = 0; (at = escaped.find('&', at)) != escaped.npos; at += 5) escaped.replace(at, 1, "&amp;");
    if (escaped.contains('&')) {
      EXPECT_EQ(html(text), "<p>" + escaped + "</p>\n");
    } else {
      expect_typed(text);
    }
  }
}

TEST(Notices, NumbersWithoutAGapAreAListWithTheSameNumbers) {
  EXPECT_EQ(html("1. 일시\n2. 장소\n3. 대상"), "<ol>\n<li>일시</li>\n<li>장소</li>\n<li>대상</li>\n</ol>\n");
  EXPECT_EQ(html("1. 일시\n2. 장소\n(지도 참고)\n3. 대상"),
            "<ol>\n<li>일시</li>\n<li>장소</li>\n</ol>\n<p>(지도 참고)</p>\n<ol start=\"3\">\n<li>대상</li>\n</ol>\n");
  EXPECT_EQ(html("1. 가\n2. 나\n\n1. 다\n2. 라"),
            "<ol>\n<li>가</li>\n<li>나</li>\n</ol>\n<ol>\n<li>다</li>\n<li>라</li>\n</ol>\n");
  EXPECT_THAT(html("1. 일시\n - 3월 2일\n - 10시\n2. 장소"), HasSubstr("<li>일시<ul>\n<li>3월 2일"));
  EXPECT_EQ(html("일정\n1. 가\n2. 나\n이상입니다."),
            "<p>일정</p>\n<ol>\n<li>가</li>\n<li>나</li>\n</ol>\n<p>이상입니다.</p>\n");
}

TEST(Notices, TwoBulletsAreAList) {
  EXPECT_EQ(html("- 가\n- 나\n감사합니다"), "<ul>\n<li>가</li>\n<li>나</li>\n</ul>\n<p>감사합니다</p>\n");
  EXPECT_EQ(html("- 가\n  - 나"), "<ul>\n<li>가<ul>\n<li>나</li>\n</ul>\n</li>\n</ul>\n");
  EXPECT_EQ(html("- 3. 2. (월)\n- 2026. 3. 3."), "<ul>\n<li>3. 2. (월)</li>\n<li>2026. 3. 3.</li>\n</ul>\n");
  EXPECT_EQ(html("* 가\n\n* 나"), "<ul>\n<li><p>가</p>\n</li>\n<li><p>나</p>\n</li>\n</ul>\n");
  EXPECT_EQ(html("- 가\n  둘째 줄\n- 나"), "<ul>\n<li>가<br />\n둘째 줄</li>\n<li>나</li>\n</ul>\n");
}

TEST(Notices, TasksAnnounceTheirState) {
  EXPECT_EQ(html("- [ ] 실내화\n- [x] 신청서"),
            "<ul>\n<li class=\"task\"><span role=\"img\" aria-label=\"미완료\">☐</span> 실내화</li>\n"
            "<li class=\"task\"><span role=\"img\" aria-label=\"완료\">☑</span> 신청서</li>\n</ul>\n");
  EXPECT_THAT(html("- [X] 하나"), HasSubstr("완료"));
  EXPECT_THAT(html("- [ ] <input>"), Not(HasSubstr("<input")));
}

TEST(Notices, ClearMarksAreRendered) {
  EXPECT_EQ(html("# 3월 소식\n본문"), "<h2>3월 소식</h2>\n<p>본문</p>\n");
  EXPECT_EQ(html("본문\n---\n본문"), "<p>본문</p>\n<hr />\n<p>본문</p>\n");
  EXPECT_EQ(html("> 질문\n답변"), "<blockquote>\n<p>질문</p>\n</blockquote>\n<p>답변</p>\n");
  EXPECT_EQ(html("> 가\n>\n> - 나\n> - 다"),
            "<blockquote>\n<p>가</p>\n<ul>\n<li>나</li>\n<li>다</li>\n</ul>\n</blockquote>\n");
  EXPECT_EQ(html("```\n3. 가\n\n  - 나\n```\n끝"), "<pre><code>3. 가\n\n  - 나\n</code></pre>\n<p>끝</p>\n");
  EXPECT_EQ(html("    들여 쓴 문단\n    둘째 줄"),
            "<p><span class=\"typed\">    </span>들여 쓴 문단<br />\n<span class=\"typed\">    </span>둘째 줄</p>\n");
  EXPECT_EQ(html("~~3월 5일~~ 3월 6일"), "<p><del>3월 5일</del> 3월 6일</p>\n");
  EXPECT_EQ(html("1\\. 하나\n\\- 둘\n\\# 셋\n\\*넷\\*"), "<p>1. 하나<br />\n- 둘<br />\n# 셋<br />\n*넷*</p>\n");
  EXPECT_EQ(html("&lt;b&gt; &amp; &#44032; &middot;"), "<p>&lt;b&gt; &amp; 가 ·</p>\n");
}

TEST(Notices, KeepTheirColumns) {
  const std::string two = "<span class=\"typed\">  </span>";
  EXPECT_EQ(html("시간  국어\n  가. 나\n1 2"), "<p>시간" + two + "국어<br />\n" + two + "가. 나<br />\n1 2</p>\n");
  EXPECT_EQ(html(" **가**\t나  "),
            "<p><span class=\"typed\"> </span><strong>가</strong><span class=\"typed\">\t</span>나</p>\n");
  EXPECT_EQ(html("- 다  음 -"), "<p>- 다" + two + "음 -</p>\n");
  EXPECT_EQ(html("- 가  나\n- 다"), "<ul>\n<li>가" + two + "나</li>\n<li>다</li>\n</ul>\n");
}

TEST(Notices, LineEndsOfFormsCountOnce) {
  EXPECT_EQ(html("가\r\n나\r\n\r\n다"), "<p>가<br />\n나</p>\n<p>다</p>\n");
  EXPECT_EQ(html("가\r나"), html("가\n나"));
  EXPECT_EQ(html("가\xe2\x80\xa8나\xc2\x85다"), html("가\n나\n다"));
  EXPECT_EQ(html("- 가\r\n- 나\r\n"), html("- 가\n- 나\n"));
  EXPECT_EQ(html("```\r\n가\r\n```\r\n"), "<pre><code>가\n</code></pre>\n");
  EXPECT_EQ(html("|a|b|\r\n|-|-|\r\n|1|2|\r\n"), html("|a|b|\n|-|-|\n|1|2|\n"));
}

TEST(Notices, TablesLoseNothing) {
  const auto table = html("본문\n| 가 | 나 |\n|---|:-:|\n| 1 | 2 | 3 |\n| 4 |\n감사합니다");
  EXPECT_EQ(
      table,
      "<p>본문</p>\n<table>\n<thead>\n<tr>\n<th scope=\"col\">가</th>\n<th scope=\"col\" align=\"center\">나</th>\n"
      "<td colspan=\"1\"></td>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>1</td>\n<td "
      "align=\"center\">2</td>\n<td>3</td>\n</tr>\n"
      "<tr>\n<td>4</td>\n<td colspan=\"2\"></td>\n</tr>\n</tbody>\n</table>\n<p>감사합니다</p>\n");
  EXPECT_THAT(html("|a\\|b|c|\n|-|-|"), HasSubstr(">a|b</th>"));
  EXPECT_THAT(html("가|나\n-|-\n1|2"), HasSubstr("<td>2</td>"));
}

}  // namespace
}  // namespace ms::markdown
