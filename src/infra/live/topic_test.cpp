#include "infra/live/topic.hpp"

#include <gtest/gtest.h>

namespace ms::live {
namespace {

TEST(Topic, IsALetterAndACanonicalId) {
  EXPECT_EQ(parse_topic("p34"), (Topic{'p', 34}));
  EXPECT_EQ(text(Topic{'b', 3}), "b3");
  EXPECT_EQ(parse_topic("u9223372036854775807"), (Topic{'u', 9223372036854775807}));
  for (const char* bad : {"", "p", "34", "P3", "p0", "p03", "p-3", "p+3", "p 3", "p3 ", "p3x", "pp3", "p3.0",
                          "u9223372036854775808", "p99999999999999999999999", "\xea\xb0\x80"}) {
    EXPECT_FALSE(parse_topic(bad)) << bad;
  }
}

TEST(Positions, AreParsedAsTheyWereWritten) {
  for (const char* good : {"", "p34:5", "p34:0", "p34:5,b3:812,u7:41", "p1:1,p2:2,p3:3,p4:4,p5:5,p6:6,p7:7,p8:8",
                           "u9223372036854775807:9223372036854775807"}) {
    const auto positions = parse_positions(good);
    ASSERT_TRUE(positions) << good;
    EXPECT_EQ(text(*positions), good);
  }
}

TEST(Positions, AreRejectedWhenAnyPartIsMalformed) {
  for (const char* bad :
       {",", "p34", "p34:", ":5", "p34:5,", ",p34:5", "p34:5,,u7:1", "p34:5 ,u7:1", "p34:-1", "p34:05", "p34:5:6",
        "p34:9223372036854775808", "p34:5,p34:6", "p0:5", "p1:1,p2:2,p3:3,p4:4,p5:5,p6:6,p7:7,p8:8,p9:9"}) {
    EXPECT_FALSE(parse_positions(bad)) << bad;
  }
  EXPECT_FALSE(parse_positions(std::string("p34:5\0", 6)));
  EXPECT_FALSE(parse_positions(std::string(1'000'000, 'p')));
}

}  // namespace
}  // namespace ms::live
