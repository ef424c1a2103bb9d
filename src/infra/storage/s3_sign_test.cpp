#include "infra/storage/s3_sign.hpp"

#include <gmock/gmock.h>

#include "infra/storage/s3_xml.hpp"

namespace ms::storage::s3 {
namespace {

// The examples of "Authenticating Requests (AWS Signature Version 4)" in the Amazon S3 API reference.
const Credentials kExample{.region = "us-east-1",
                           .access_key = "AKIAIOSFODNN7EXAMPLE",
                           .secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};
constexpr Timestamp kTime{std::chrono::sys_days{std::chrono::May / 24 / 2013}};

TEST(S3SignTest, SignsAsTheReferenceSays) {
  Signable get{.method = "GET",
               .path = "/test.txt",
               .query = {},
               .headers = {{"host", "examplebucket.s3.amazonaws.com"}, {"range", "bytes=0-9"}},
               .payload_hash = hex_sha256("")};
  sign(get, kExample, kTime);
  EXPECT_EQ(get.headers["authorization"],
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  Signable list{.method = "GET",
                .path = "/",
                .query = {{"max-keys", "2"}, {"prefix", "J"}},
                .headers = {{"host", "examplebucket.s3.amazonaws.com"}},
                .payload_hash = hex_sha256("")};
  sign(list, kExample, kTime);
  EXPECT_THAT(list.headers["authorization"],
              testing::EndsWith("=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"));
}

TEST(S3SignTest, PresignsAsTheReferenceSays) {
  Signable get{.method = "GET",
               .path = "/test.txt",
               .query = {},
               .headers = {{"host", "examplebucket.s3.amazonaws.com"}},
               .payload_hash = ""};
  presign(get, kExample, kTime, 86400);
  EXPECT_EQ(get.query["X-Amz-Signature"], "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

TEST(S3SignTest, EscapesAsUrlsDo) {
  EXPECT_EQ(escape("a/b c~가"), "a%2Fb%20c~%EA%B0%80");
  EXPECT_EQ(escape("a/b c", true), "a/b%20c");
  EXPECT_EQ(query_text({{"uploads", ""}, {"a b", "1&2"}}), "a%20b=1%262&uploads=");
}

TEST(S3XmlTest, FindsTexts) {
  std::string_view list =
      "<?xml version='1.0'?><R xmlns='x'><Contents><Key>a&amp;b&#x2F;c</Key></Contents><ContentsX>no</ContentsX>"
      "<Contents><Key/></Contents><Contents>cut";
  EXPECT_EQ(text_of(list, "Key"), "a&b/c");
  EXPECT_EQ(next_element(list, "Contents"), "<Key>a&amp;b&#x2F;c</Key>");
  EXPECT_EQ(text_of(next_element(list, "Contents").value(), "Key"), "");
  EXPECT_EQ(next_element(list, "Contents"), std::nullopt);
  EXPECT_EQ(text_of("<A>1 &unknown; &#0; & 2</A>", "A"), "1 &unknown; &#0; & 2");
  EXPECT_EQ(text_of("<AB>1</AB>", "A"), "");
  EXPECT_EQ(escape_xml("<\"&'>a"), "&lt;&quot;&amp;&apos;&gt;a");
}

}  // namespace
}  // namespace ms::storage::s3
