#include <gmock/gmock.h>

#include "infra/markdown/markdown.hpp"

namespace ms::markdown {
namespace {

std::string again(std::string_view text, std::string_view html) {
  return std::string(render(text, kept_links(text, html)).html());
}

TEST(KeptLinks, NameTheSameMembersAsBefore) {
  const std::string kim = R"(<a class="mention" href="/members/3">@김하늘</a>)";
  const std::string lee = R"(<a class="mention" href="/members/57">@이서준</a>)";
  EXPECT_EQ(again("@김하늘님께 @이서준#57 @누구", "<p>" + kim + "님께 " + lee + " @누구</p>"),
            "<p>" + kim + "님께 " + lee + " @누구</p>\n");
  EXPECT_EQ(again("|a|b|\n|-|-|\n|@김하늘|", "<p>" + kim + "</p>").find(kim) == std::string::npos, false);
  EXPECT_EQ(again("@김하늘 `@이서준`", "<p>" + kim + "</p>"), "<p>" + kim + " <code>@이서준</code></p>\n");
  EXPECT_EQ(again("@이서준#57 @이서준#3", lee), "<p>" + lee + " @이서준#3</p>\n");
  const std::string short_name = R"(<a class="mention" href="/members/8">@김철</a>)";
  const std::string long_name = R"(<a class="mention" href="/members/9">@김철수</a>)";
  EXPECT_EQ(again("@김철 @김철수님", short_name + " " + long_name), "<p>" + short_name + " " + long_name + "님</p>\n");
  EXPECT_EQ(again("@김하늘", ""), "<p>@김하늘</p>\n");
  EXPECT_EQ(again("@김하늘", "<a class=\"mention\" href=\"/members/3"), "<p>@김하늘</p>\n");
}

}  // namespace
}  // namespace ms::markdown
