#include "infra/unicode/encodings.hpp"

#include <gmock/gmock.h>

namespace ms::unicode {
namespace {

TEST(Encodings, OfKoreanTextFiles) {
  EXPECT_EQ(from_text_file("가정"), "가정");
  EXPECT_EQ(from_text_file("\xEF\xBB\xBF가정"), "가정");
  EXPECT_EQ(from_text_file("\xB0\xA1\xC1\xA4"), "가정");
  EXPECT_EQ(from_text_file("\x8C\x63"), "똠") << "in CP949 and not in EUC-KR";
  EXPECT_EQ(from_text_file(std::string("\xFF\xFE\x00\xAC", 4)), "가");
  EXPECT_EQ(from_text_file(std::string("\xFE\xFF\xAC\x00", 4)), "가");
  EXPECT_EQ(from_text_file(""), "");
}

TEST(Encodings, OtherBytesAreNoText) {
  EXPECT_EQ(from_text_file(std::string("a\0b", 3)), std::nullopt);
  EXPECT_EQ(from_text_file("\xB0\xA1\xFF\xFF"), std::nullopt);
  EXPECT_EQ(from_text_file("\xEF\xBB\xBF\x01"), std::nullopt);
  EXPECT_EQ(from_text_file("\xB0"), std::nullopt);
}

TEST(Encodings, HalfACharacterOfUtf16IsReplaced) {
  EXPECT_EQ(from_utf16(std::string("\x00\xAC\x00\xD8", 4)), "가\uFFFD");
  EXPECT_EQ(from_utf16(std::string("\x00\xAC\x41", 3)), "가\uFFFD");
}

}  // namespace
}  // namespace ms::unicode
