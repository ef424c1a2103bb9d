#include "infra/decoding/parts.hpp"

#include <gmock/gmock.h>

namespace ms::decoding {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

const MediaType kJpeg = *find_type("image/jpeg");
const std::string kBegin = type_part(kJpeg, Kind::picture);
const std::string kThumb = "thumb.webp 320 200 5\nhello";
const std::string kEnd = report_part({.refusal = Refusal::locked, .width = 7, .animated = true, .pages = 3});

TEST(Parts, WhatIsWrittenIsRead) {
  const std::string output = kBegin + kThumb + kEnd;
  const Parsed out = parse(output);
  EXPECT_TRUE(out.complete);
  EXPECT_EQ(out.report.type.name, "image/jpeg");
  EXPECT_EQ(out.report.kind, Kind::picture);
  EXPECT_EQ(out.report.refusal, Refusal::locked);
  EXPECT_EQ(out.report.width, 7);
  EXPECT_EQ(out.report.pages, 3);
  EXPECT_TRUE(out.report.animated);
  ASSERT_THAT(out.parts, SizeIs(1));
  EXPECT_EQ(out.parts[0].name, "thumb.webp");
  EXPECT_EQ(out.parts[0].bytes, "hello");
  EXPECT_EQ(out.parts[0].width, 320);
  EXPECT_EQ(part_head(out.parts[0]) + "hello", kThumb);
}

TEST(Parts, WhatTheDecoderWroteBeforeItDiedIsRead) {
  const std::string output = kBegin + kThumb + "page.webp 9 9 100\nhalf";
  const Parsed out = parse(output);
  EXPECT_FALSE(out.complete);
  EXPECT_EQ(out.report.type.name, "image/jpeg");
  EXPECT_THAT(out.parts, SizeIs(1));
  EXPECT_EQ(parse("").report.type.name, kUnknownType.name);
}

TEST(Parts, ADecoderThatWasTakenOverSaysNothingElse) {
  for (const char* part : {"../etc 1 1 1\nx", "thumb.webp 1 1 9999999999999999999\nx", "thumb.webp 1 1 -1\nx",
                           "thumb.webp 99999999 1 1\nx", "thumb.webp 1 1 1 1\nx", "thumb.webp\nx",
                           "text.txt 0 0 1\n\xFF", "thumb.webp 1 1 18446744073709551615\nx"}) {
    const std::string output = kBegin + part + kEnd;
    EXPECT_THAT(parse(output).parts, IsEmpty()) << part;
    EXPECT_FALSE(parse(output).complete) << part;
  }
  const std::string twice = kBegin + kThumb + kThumb + kEnd;
  EXPECT_THAT(parse(twice).parts, SizeIs(1));
  EXPECT_FALSE(parse(kBegin + kEnd + "more").complete);
  for (const char* type : {R"({"type":"text/html","kind":"other"})", R"({"type":"application/zip","kind":"picture"})",
                           "[]", "{", R"({"type":1})"}) {
    const std::string text = type;
    EXPECT_EQ(parse("type.json 0 0 " + std::to_string(text.size()) + "\n" + text + kEnd).report.type.name,
              kUnknownType.name)
        << type;
  }
}

}  // namespace
}  // namespace ms::decoding
