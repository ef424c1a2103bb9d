#include "infra/view/page.hpp"

#include <gtest/gtest.h>

#include "infra/view/when.html.hpp"

namespace ms::view {
namespace {

const Site kSite{};

Page page_at(std::string_view path) { return {.path = path, .site = &kSite}; }

TEST(Menu, MarksOnlyThePageItselfAsCurrent) {
  EXPECT_TRUE(is_here(page_at("/boards/notice"), "/boards/notice"));
  EXPECT_FALSE(is_here(page_at("/boards/notice/7"), "/boards/notice"));
}

TEST(Menu, LeadsToPagesBelowButNotToLongerNames) {
  EXPECT_TRUE(leads_here(page_at("/boards/notice/7"), "/boards/notice"));
  EXPECT_FALSE(leads_here(page_at("/boards/notices"), "/boards/notice"));
  EXPECT_FALSE(leads_here(page_at("/boards"), "/boards/notice"));
}

TEST(Menu, HomeLeadsOnlyToItself) {
  EXPECT_TRUE(leads_here(page_at("/"), "/"));
  EXPECT_FALSE(leads_here(page_at("/members"), "/"));
}

TEST(When, IsRelativeWithinADayAndExactInItsTitle) {
  using namespace std::chrono;
  const Timestamp at = sys_days(2026y / March / 1) + 15h + 5min + 9s;  // 2026-03-02 00:05:09 in Seoul
  const auto words = [at](microseconds age) {
    const std::string begin = R"(<time datetime="2026-03-01T15:05:09Z" title="2026. 3. 2. 00:05" )";
    Out out;
    when(out, at, at + age);
    EXPECT_TRUE(out.str().starts_with(begin)) << out.str();
    return std::string(out.str().substr(begin.size()));
  };
  EXPECT_EQ(words(-1s), "data-age>방금</time>");
  EXPECT_EQ(words(59s), "data-age>방금</time>");
  EXPECT_EQ(words(5min), "data-age>5분 전</time>");
  EXPECT_EQ(words(23h), "data-age>23시간 전</time>");
  EXPECT_EQ(words(24h), ">2026. 3. 2.</time>");
}

}  // namespace
}  // namespace ms::view
