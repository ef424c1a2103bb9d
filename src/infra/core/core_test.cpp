#include <gtest/gtest.h>

#include <set>

#include "infra/core/secret.hpp"
#include "infra/core/text.hpp"
#include "infra/core/time.hpp"

namespace ms {
namespace {

using namespace std::chrono;

const Timestamp kAt = sys_days(2026y / March / 1) + 15h + 5min + 9s;  // 2026-03-02 00:05:09 in Seoul

TEST(Time, IsShownInSeoul) {
  EXPECT_EQ(seoul_date(kAt), "2026. 3. 2.");
  EXPECT_EQ(seoul_minute(kAt), "2026. 3. 2. 00:05");
  EXPECT_EQ(rfc3339(kAt), "2026-03-01T15:05:09Z");
  EXPECT_EQ(seoul_midnight(kAt), Timestamp(sys_days(2026y / March / 1) + 15h));
}

TEST(Text, RejectsInvalidUtf8) {
  EXPECT_TRUE(valid_utf8("한글 abc 🙂"));
  for (const std::string_view bad : {"\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xea\xb0"}) {
    EXPECT_FALSE(valid_utf8(bad));
  }
  EXPECT_FALSE(valid_utf8(std::string_view("a\0b", 3)));
}

TEST(Text, CountsAndCutsCodePoints) {
  EXPECT_EQ(code_points("한글a"), 3u);
  EXPECT_EQ(shorten("한글처럼", 2), "한글…");
  EXPECT_EQ(shorten("한글", 2), "한글");
  EXPECT_EQ(trim(" \t한글\n"), "한글");
  EXPECT_EQ(trim(" \n"), "");
  EXPECT_TRUE(has_control("a\x1b"));
  EXPECT_FALSE(has_control("a\r\n\t"));
}

TEST(Secret, MatchesPublishedVectors) {
  // RFC 4231, test case 2.
  EXPECT_EQ(secret::base64(secret::hmac_sha256("Jefe", "what do ya want for nothing?")),
            "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM");
  EXPECT_EQ(secret::base64(secret::sha256("abc")), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0");
  EXPECT_TRUE(secret::same("abc", "abc"));
  EXPECT_FALSE(secret::same("abc", "abd"));
  EXPECT_EQ(secret::random_text(24).size(), 32u);
  EXPECT_NE(secret::random_text(24), secret::random_text(24));
}

TEST(Secret, IdsAreUniqueAcrossBlocks) {
  std::set<std::string> ids;
  for (int i = 0; i < 1'000; ++i) {
    const auto id = secret::random_id(13);
    EXPECT_EQ(id.size(), 18u);
    EXPECT_EQ(id.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
              std::string::npos);
    EXPECT_TRUE(ids.insert(id).second) << id;
  }
}

TEST(Text, GroupsDigitsInThrees) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(-1204), "-1,204");
  EXPECT_EQ(grouped(1'234'567), "1,234,567");
}

}  // namespace
}  // namespace ms
