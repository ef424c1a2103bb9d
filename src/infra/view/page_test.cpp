#include "infra/view/page.hpp"

#include <gtest/gtest.h>

namespace ms::view {
namespace {

const Site kSite{};

Page page_at(std::string_view path) { return {.path = path, .site = &kSite}; }

TEST(Menu, MarksThePageItself) {
  EXPECT_TRUE(is_here(page_at("/boards/notice"), "/boards/notice"));
  EXPECT_FALSE(is_here(page_at("/boards/notice/7"), "/boards/notice"));
}

TEST(Menu, LeadsToPagesBelowButNotToNamesThatMerelyBeginAlike) {
  EXPECT_TRUE(leads_here(page_at("/boards/notice/7"), "/boards/notice"));
  EXPECT_FALSE(leads_here(page_at("/boards/notices"), "/boards/notice"));
  EXPECT_FALSE(leads_here(page_at("/boards"), "/boards/notice"));
}

TEST(Menu, HomeLeadsOnlyToItself) {
  EXPECT_TRUE(leads_here(page_at("/"), "/"));
  EXPECT_FALSE(leads_here(page_at("/members"), "/"));
}

TEST(Menu, AnEntryLeadsWhereItsChildrenLead) {
  const MenuItem item{"알림마당", "/news", {{"공지사항", "/boards/notice"}}};
  EXPECT_TRUE(leads_here(page_at("/boards/notice/7"), item));
  EXPECT_FALSE(leads_here(page_at("/boards/free"), item));
}

}  // namespace
}  // namespace ms::view
