#include "features/files/tus_headers.hpp"

#include <gtest/gtest.h>

namespace ms::files {
namespace {

TEST(TusHeaders, SizesAreWholeNumbers) {
  EXPECT_EQ(parse_size("0"), 0);
  EXPECT_EQ(parse_size("9223372036854775807"), INT64_MAX);
  for (const std::string_view bad : {"", "-1", "-0", "+1", " 1", "1 ", "0x1", "1.5", "9223372036854775808"}) {
    EXPECT_FALSE(parse_size(bad)) << bad;
  }
}

TEST(TusHeaders, MetadataIsPairsOfKeyAndBase64) {
  const auto metadata = parse_metadata("filename 7JWI64K066y4Lmh3cA==, draft d3JpdGUtMw==,is_confidential,type YQ==");
  ASSERT_TRUE(metadata);
  EXPECT_EQ(metadata->filename, "안내문.hwp");
  EXPECT_EQ(metadata->draft, "write-3");
  EXPECT_EQ(parse_metadata("")->filename, "");
  for (const std::string_view bad : {",", " ", "filename YQ", "filename Y===", "filename YR==", "filename Y!==",
                                     "filename YQ==,filename YQ==", "filename /w==", "filename YQ== YQ==", "a,,b"}) {
    EXPECT_FALSE(parse_metadata(bad)) << bad;
  }
}

TEST(TusHeaders, WritesWhatItReads) {
  for (const std::string_view name : {"a", "ab", "abc", "안내문 (최종).hwp"}) {
    EXPECT_EQ(parse_metadata(format_metadata(name))->filename, name);
  }
}

}  // namespace
}  // namespace ms::files
