#include "apps/monitor/log_line.hpp"

#include <gmock/gmock.h>

#include <random>
#include <string>

namespace ms::monitor {
namespace {

const std::string kHead = "<190>Nov 22 19:59:34 minschool: ";

std::optional<LogLine> parse(const std::string& line) {
  static std::string datagram;  // the views point into it
  datagram = kHead + line;
  return parse_log_line(datagram);
}

TEST(LogLine, ParsesALine) {
  const auto line = parse("1|200|GET|page|0.012|MISS|10.0.0.1:3000|200|0.011|0123456789abcdef0123456789abcdef");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->status, 200);
  EXPECT_EQ(line->method, "GET");
  EXPECT_EQ(line->area, Area::page);
  EXPECT_EQ(line->milliseconds, 12U);
  EXPECT_EQ(kCacheWords[line->cache], "MISS");
  EXPECT_EQ(line->request, "0123456789abcdef0123456789abcdef");
  ASSERT_EQ(line->attempt_count, 1U);
  EXPECT_EQ(line->attempts[0].address, "10.0.0.1:3000");
  EXPECT_EQ(line->attempts[0].status, 200);
  EXPECT_EQ(line->attempts[0].milliseconds, 11U);
}

TEST(LogLine, ParsesEachAttemptOfARetry) {
  const auto line = parse("1|200|POST|api|1.013|-|10.0.0.1:3000, 10.0.0.2:3000|502, 303|1.001, 0.012|ab");
  ASSERT_TRUE(line);
  ASSERT_EQ(line->attempt_count, 2U);
  EXPECT_EQ(line->attempts[0].address, "10.0.0.1:3000");
  EXPECT_EQ(line->attempts[0].status, 502);
  EXPECT_EQ(line->attempts[0].milliseconds, 1001U);
  EXPECT_EQ(line->attempts[1].address, "10.0.0.2:3000");
  EXPECT_EQ(line->attempts[1].status, 303);
  EXPECT_EQ(line->attempts[1].milliseconds, 12U);
}

TEST(LogLine, ParsesASecondPass) {
  const auto line = parse("1|200|GET|page|0.5|STALE|a:1, b:1 : c:1 : |502, 504 : 503 : |0.001, 0.400 : 0.002 : |ab");
  EXPECT_FALSE(line) << "0.5 is not how Nginx writes seconds";
  const auto right = parse("1|200|GET|page|0.500|STALE|a:1, b:1 : c:1 : |502, 504 : 503 : |0.001, 0.400 : 0.002 : |ab");
  ASSERT_TRUE(right);
  ASSERT_EQ(right->attempt_count, 3U);
  EXPECT_EQ(right->attempts[1].status, 504);
  EXPECT_EQ(right->attempts[2].address, "c:1");
  EXPECT_EQ(right->attempts[2].status, 503);
}

TEST(LogLine, MayHaveNoServer) {
  const auto hit = parse("1|200|GET|page|0.000|HIT|-|-|-|ab");
  ASSERT_TRUE(hit);
  EXPECT_EQ(hit->attempt_count, 0U);
  const auto abandoned = parse("1|499|GET|page|0.100|MISS|10.0.0.1:3000|-|0.100|ab");
  ASSERT_TRUE(abandoned);
  EXPECT_EQ(abandoned->attempts[0].status, 0);
  const auto unparsable = parse("1|400|-|other|0.000|-|-|-|-|ab");
  ASSERT_TRUE(unparsable);
}

TEST(LogLine, MapsUnknownAreasToOther) {
  const auto line = parse("1|200|GET|feed|0.000|-|-|-|-|ab");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->area, Area::other);
}

class Garbage : public testing::TestWithParam<const char*> {};

TEST_P(Garbage, IsRejected) { EXPECT_FALSE(parse(GetParam())) << GetParam(); }

INSTANTIATE_TEST_SUITE_P(
    LogLine, Garbage,
    testing::Values("", "|", "|||||||||", "1", "2|200|GET|page|0.001|-|-|-|-|ab", "1|2000|GET|page|0.001|-|-|-|-|ab",
                    "1|-1|GET|page|0.001|-|-|-|-|ab", "1|200|G T|page|0.001|-|-|-|-|ab", "1|200|GET|page|1|-|-|-|-|ab",
                    "1|200|GET|page|0.001|NEW|-|-|-|ab", "1|200|GET|page|0.001|-|a:1, b:1|200|0.001|ab",
                    "1|200|GET|page|0.001|-|a:1|200, 200|0.001|ab", "1|200|GET|page|0.001|-|a:1|200|0.001, 0.002|ab",
                    "1|200|GET|page|0.001|-|a:1|x|0.001|ab", "1|200|GET|page|0.001|-|a:1|200|x|ab",
                    "1|200|GET|page|0.001|-|-|-|-|", "1|200|GET|page|0.001|-|-|-|-|a b",
                    "1|200|GET|page|0.001|-|-|-|-|ab|more", "1|200|GET|page|0.001|-|-|-|-"));

TEST(LogLine, RejectsOtherDatagrams) {
  EXPECT_FALSE(parse_log_line(""));
  EXPECT_FALSE(parse_log_line("<190>"));
  EXPECT_FALSE(parse_log_line("<190>Nov 22 19:59:34 nginx: 1|200|GET|page|0.000|-|-|-|-|ab"));
  EXPECT_FALSE(parse_log_line(" minschool: 1|200|GET|page|0.000|-|-|-|-|ab"));
  EXPECT_FALSE(parse_log_line(kHead + std::string("1|200|GET|page|0.000|-|-\x01|-|-|ab")));
}

TEST(LogLine, LimitsTheNumberOfServers) {
  std::string addresses = "a:1";
  std::string statuses = "502";
  std::string times = "0.001";
  for (std::size_t i = 1; i <= LogLine::kMaxAttempts; ++i) {
    const bool fits = i < LogLine::kMaxAttempts;
    addresses += ", a:1";
    statuses += ", 502";
    times += ", 0.001";
    EXPECT_EQ(parse("1|200|GET|page|0.000|-|" + addresses + "|" + statuses + "|" + times + "|ab").has_value(), fits);
  }
}

TEST(LogLine, SurvivesAnyBytes) {
  std::mt19937 random(1);  // NOLINT: the same bytes each time
  const std::string good = kHead + "1|200|GET|page|0.012|MISS|10.0.0.1:3000, b:1|502, 200|0.001, 0.011|abcdef";
  for (int round = 0; round < 20000; ++round) {
    std::string bytes = good;
    for (int i = 0; i < 4; ++i) bytes[random() % bytes.size()] = "|,: -<>0.\x00\xFF"[random() % 11];
    bytes.resize(random() % (bytes.size() + 1));
    if (const auto line = parse_log_line(bytes)) { EXPECT_LE(line->attempt_count, LogLine::kMaxAttempts); }
  }
}

}  // namespace
}  // namespace ms::monitor
