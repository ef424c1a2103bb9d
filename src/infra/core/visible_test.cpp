#include "infra/core/visible.hpp"

#include <gmock/gmock.h>

namespace ms {
namespace {

using testing::HasSubstr;

TEST(VisibleSecret, HasNoWhiteSpaceAroundIt) {
  EXPECT_EQ(visible_secret("a secret"), "a secret");
  EXPECT_EQ(visible_secret("\ta secret \r\n\n"), "a secret");
  EXPECT_EQ(visible_secret("비밀번호 1234\r\n"), "비밀번호 1234");
  EXPECT_EQ(visible_secret(" \n"), "");
}

TEST(VisibleSecret, NamesInvisibleCharacters) {
  const auto fault = [](std::string_view text) { return visible_secret(text).error(); };
  EXPECT_THAT(fault("\xEF\xBB\xBF"
                    "abcd"),
              HasSubstr("U+FEFF, a byte order mark, as its character 1,"));
  EXPECT_THAT(fault("abcd\xC2\xA0"), HasSubstr("U+00A0, a no-break space, as its character 5,"));
  EXPECT_THAT(fault("ab\rcd"), HasSubstr("U+000D, a carriage return, as its character 3,"));
  EXPECT_THAT(fault("ab\ncd"), HasSubstr("U+000A, the end of a line, as its character 3,"));
  EXPECT_THAT(fault("ab\tcd"), HasSubstr("U+0009, a tab,"));
  EXPECT_THAT(fault("ab\x01z"), HasSubstr("U+0001, a control character,"));
  EXPECT_THAT(fault("비\xE2\x80\x8B밀"), HasSubstr("U+200B, a zero-width character, as its character 2,"));
  EXPECT_THAT(fault("\xE3\x80\x80"
                    "ab"),
              HasSubstr("U+3000, a full-width space, as its character 1,"));
  EXPECT_THAT(fault("ab\xE3\x85\xA4"), HasSubstr("U+3164, a Hangul filler,"));
  EXPECT_THAT(fault("ab\xF3\xA0\x81\x81"), HasSubstr("U+E0041, a tag character,"));
  EXPECT_THAT(fault("ab\xff"), HasSubstr("invalid UTF-8"));
  EXPECT_THAT(fault("se\xC2\xAD"
                    "cret"),
              testing::Not(HasSubstr("cret,")))
      << "never the secret itself";
}

}  // namespace
}  // namespace ms
