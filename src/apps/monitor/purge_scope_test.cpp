#include "apps/monitor/purge_scope.hpp"

#include <gtest/gtest.h>

namespace ms::monitor {
namespace {

constexpr std::string_view kPage =
    "KEY: /boards/free/12?comments=2\nHTTP/1.1 200 OK\r\n\r\n<a href=\"/boards/free-talk/130#comments\">…</a>"
    "<article class=\"comment\" id=\"c77\"><a href=\"/boards/notice\">";

TEST(PurgeScope, ConcernsPagesThatShowThePostOrTheComment) {
  for (const char* query : {"post=12", "post=130", "comment=77", "post=5&post=130&comment=6", "comment=6&comment=77"}) {
    EXPECT_TRUE(PurgeScope::parse(query).concerns(kPage)) << query;
  }
  for (const char* query : {"post=1", "post=13", "post=1301", "post=77", "comment=7", "comment=12", "comment=770"}) {
    EXPECT_FALSE(PurgeScope::parse(query).concerns(kPage)) << query;
  }
}

TEST(PurgeScope, AnythingElseConcernsAllPages) {
  for (const char* query : {"", "board=3", "post=1&member=2", "post=x", "post=", "post=-1", "post=%", "thing"}) {
    EXPECT_TRUE(PurgeScope::parse(query).all()) << query;
    EXPECT_TRUE(PurgeScope::parse(query).concerns("")) << query;
  }
}

TEST(PurgeScope, MergedItConcernsWhatEitherDoes) {
  PurgeScope scope = PurgeScope::parse("post=9&comment=3");
  scope.merge(PurgeScope::parse("post=8&comment=77"));
  EXPECT_FALSE(scope.all());
  EXPECT_TRUE(scope.concerns(kPage));
  EXPECT_TRUE(scope.concerns("/boards/free/8"));
  EXPECT_TRUE(scope.concerns("/boards/free/9\""));
  scope.merge(PurgeScope::everything());
  EXPECT_TRUE(scope.all());
}

}  // namespace
}  // namespace ms::monitor
