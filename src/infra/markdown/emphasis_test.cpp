#include <gmock/gmock.h>

#include <string>

#include "infra/markdown/markdown.hpp"

namespace ms::markdown {
namespace {

std::string html(std::string_view text) {
  std::string out(render(text).html());
  return out.substr(3, out.size() - 8);  // without <p> and </p>\n
}

TEST(Emphasis, WorksBeforeParticles) {
  EXPECT_EQ(html("**센터**에서 **실내화**를"), "<strong>센터</strong>에서 <strong>실내화</strong>를");
  for (const auto* inner :
       {"“센터”",      "(필수)",       "「학칙」", "굵게!", "50%",  "3,000원", "2:30",       "실내화·체육복",
        "[공지]",      "정말?",        "…",        "가.",   "1",    "A",       "±5",         "☆",
        "하나 둘",     "(가) 나 (다)", "¥1",       "~까지", "#1반", "-5도",    "《춘향전》", "（전각）",
        "‘작은따옴표’"}) {
    for (const auto* particle : {"에서", "를", "은", "(으)로", ".", "", " 다음", "님께서는", "1", "a"}) {
      const std::string text(inner);
      EXPECT_EQ(html("**" + text + "**" + particle), "<strong>" + text + "</strong>" + particle);
      EXPECT_EQ(html("가 **" + text + "**" + particle), "가 <strong>" + text + "</strong>" + particle);
      EXPECT_EQ(html("(**" + text + "**)" + particle), "(<strong>" + text + "</strong>)" + particle);
    }
  }
  EXPECT_EQ(html("**\"센터\"**에서"), "<strong>&quot;센터&quot;</strong>에서");
  EXPECT_EQ(html("*강조*는 *(강조)*를"), "<em>강조</em>는 <em>(강조)</em>를");
  EXPECT_EQ(html("***둘 다***를"), "<em><strong>둘 다</strong></em>를");
  EXPECT_EQ(html("~~취소~~됨 ~~(취소)~~를"), "<del>취소</del>됨 <del>(취소)</del>를");
  EXPECT_EQ(html("_강조_를 __굵게__ 합니다"), "<em>강조</em>를 <strong>굵게</strong> 합니다");
  EXPECT_EQ(html("`코드`를 `a_b`에서"), "<code>코드</code>를 <code>a_b</code>에서");
  EXPECT_EQ(html("**`코드`**를"), "<strong><code>코드</code></strong>를");
  EXPECT_EQ(html("**[신청](https://a.kr)**은"),
            "<strong><a href=\"https://a.kr\" rel=\"nofollow ugc noopener\">신청</a></strong>은");
}

TEST(Emphasis, WorksAfterHangul) {
  EXPECT_EQ(html("안내**필수**사항"), "안내<strong>필수</strong>사항");
  EXPECT_EQ(html("안내**(필수 항목)**를"), "안내<strong>(필수 항목)</strong>를");
  EXPECT_EQ(html("안내**“필수”**를"), "안내<strong>“필수”</strong>를");
  EXPECT_EQ(html("일시:**3월 2일**까지"), "일시:<strong>3월 2일</strong>까지");
  EXPECT_EQ(html("○**장소**: ※**필수**, 1.**가**"),
            "○<strong>장소</strong>: ※<strong>필수</strong>, 1.<strong>가</strong>");
  EXPECT_EQ(html("(문의)**행정실**로"), "(문의)<strong>행정실</strong>로");
}

TEST(Emphasis, PairsTheNearestWithoutCrossing) {
  EXPECT_EQ(html("**굵게 *둘 다***"), "<strong>굵게 <em>둘 다</em></strong>");
  EXPECT_EQ(html("*기울임 **둘 다***"), "<em>기울임 <strong>둘 다</strong></em>");
  EXPECT_EQ(html("**가 *나** 다*"), "<strong>가 *나</strong> 다*");
  EXPECT_EQ(html("**가 [나** 다](/x)"), "**가 <a href=\"/x\" rel=\"nofollow ugc noopener\">나** 다</a>");
  EXPECT_EQ(html("**가 **나**"), "**가 <strong>나</strong>");
  EXPECT_EQ(html("~~**가**~~ **~~나~~**"), "<del><strong>가</strong></del> <strong><del>나</del></strong>");
  EXPECT_EQ(html("**가\n나**"), "**가<br />\n나**");
  EXPECT_EQ(html("** 가 ** * 나 *"), "** 가 ** * 나 *");
}

}  // namespace
}  // namespace ms::markdown
