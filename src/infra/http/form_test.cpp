#include "infra/http/form.hpp"

#include <gtest/gtest.h>

namespace ms::http {
namespace {

TEST(Percent, DecodesEscapesAndLeavesTheRest) {
  EXPECT_EQ(percent_decode("a%20b+c"), "a b+c");
  EXPECT_EQ(percent_decode("a%20b+c", true), "a b c");
  EXPECT_EQ(percent_decode("%ea%B0%80"), "가");
  EXPECT_EQ(percent_decode(""), "");
}

TEST(Percent, RejectsBrokenEscapes) {
  for (const char* text : {"%", "%4", "a%4", "%zz", "%4g", "%%41"})
    EXPECT_EQ(percent_decode(text), std::nullopt) << text;
}

TEST(Percent, EncodesAllButUnreservedAndBack) {
  EXPECT_EQ(percent_encode("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(percent_encode("가 &=/+"), "%EA%B0%80%20%26%3D%2F%2B");
  EXPECT_EQ(percent_decode(percent_encode("모임 & <script>%00")), "모임 & <script>%00");
}

TEST(Form, GivesTheFirstValueOfEachName) {
  const auto form = Form::parse("title=%EC%95%88%EB%85%95+%21&tag=a&tag=b&&empty=&flag");
  ASSERT_TRUE(form);
  EXPECT_EQ(form->get("title"), "안녕 !");
  EXPECT_EQ(form->get("tag"), "a");
  EXPECT_EQ(form->get("missing"), "");
  EXPECT_TRUE(form->has("empty"));
  EXPECT_TRUE(form->has("flag"));
  EXPECT_FALSE(form->has("missing"));
  EXPECT_EQ(form->pairs().size(), 5u);
}

TEST(Form, ParsesWholeDecimalNumbersOnly) {
  const auto form = Form::parse("a=42&b=-7&c=4x&d=&e=9223372036854775808&f=%2B1&g=+1");
  ASSERT_TRUE(form);
  EXPECT_EQ(form->number("a"), 42);
  EXPECT_EQ(form->number("b"), -7);
  for (const char* name : {"c", "d", "e", "f", "g", "none"}) EXPECT_EQ(form->number(name), std::nullopt) << name;
}

TEST(Form, RejectsInvalidText) {
  EXPECT_FALSE(Form::parse("a=%zz"));
  EXPECT_FALSE(Form::parse("a=%ff"));
  EXPECT_FALSE(Form::parse("a=%00"));
  EXPECT_FALSE(Form::parse("%c0%af=1"));
}

TEST(Form, RejectsMoreThan200Pairs) {
  std::string many = "a=1";
  for (int i = 1; i < 200; ++i) many += "&a=1";
  EXPECT_TRUE(Form::parse(many));
  EXPECT_FALSE(Form::parse(many + "&a=1"));
}

TEST(Form, NormalizesTexts) {
  const auto form = Form::parse("a=x%0D%0Ay%0Dz&b=%E1%84%92%E1%85%A1%E1%86%AB&p=%C2%85");
  ASSERT_TRUE(form);
  EXPECT_EQ(form->get("a"), "x\ny\nz");
  EXPECT_EQ(form->get("b"), "한");
  EXPECT_EQ(form->raw("b"), "\u1112\u1161\u11ab");
  EXPECT_EQ(form->raw("a"), "x\r\ny\rz");
  EXPECT_EQ(form->get("p"), "\n");
  EXPECT_EQ(form->raw("missing"), "");
}

TEST(Form, RawValuesAreFirstValuesToo) {
  const auto form = Form::parse("a=1&a=x%0D%0A&b=x%0D%0A&b=1");
  EXPECT_EQ(form->raw("a"), "1");
  EXPECT_EQ(form->raw("b"), "x\r\n");
}

}  // namespace
}  // namespace ms::http
