#include "features/members/staff.hpp"

#include <gtest/gtest.h>

namespace ms::members {
namespace {

using namespace std::chrono;

// 2026-03-02 09:00 in Seoul.
constexpr Timestamp kNow = sys_days(2026y / 3 / 2);

std::string field(const Result<Timestamp>& end) { return end ? "" : end.error().fields.at(0).field; }

TEST(EndOf, CountsDaysFromNow) {
  EXPECT_EQ(end_of({"1", ""}, kNow), kNow + days(1));
  EXPECT_EQ(end_of({"7", ""}, kNow), kNow + days(7));
  EXPECT_EQ(end_of({"30", "2020-01-01"}, kNow), kNow + days(30));
}

TEST(EndOf, EndsWithTheLastSecondOfTheDayInSeoul) {
  EXPECT_EQ(end_of({"date", "2026-03-02"}, kNow), sys_days(2026y / 3 / 2) + hours(15) - seconds(1));
  EXPECT_EQ(end_word(*end_of({"date", "2026-03-02"}, kNow)), "2026. 3. 2. 23:59");
}

TEST(EndOf, NamesForever) {
  EXPECT_EQ(end_of({"forever", ""}, kNow), kForever);
  EXPECT_EQ(end_word(kForever), tr("staff.forever"_msg));
  EXPECT_EQ(end_of({"date", "9999-12-31"}, kNow), kForever);
}

TEST(EndOf, NamesTheWrongField) {
  EXPECT_EQ(field(end_of({"2", ""}, kNow)), "period");
  EXPECT_EQ(field(end_of({"", ""}, kNow)), "period");
  for (const char* day : {"", "2026-3-2", "2026-02-30", "2026-03-01", "2026-03-0x", "0000-00-00", "2026-03-02 "}) {
    EXPECT_EQ(field(end_of({"date", day}, kNow)), "day") << day;
  }
}

}  // namespace
}  // namespace ms::members
