#include "features/members/members.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "features/members/device.hpp"

namespace ms::members {
namespace {

Registration good() { return {"kim@example.kr", Name("김하늘"), "correct horse", "correct horse", true, true, false}; }

std::vector<std::string> wrong_fields(const Registration& registration) {
  std::vector<std::string> out;
  if (const auto done = check(registration, "우리 센터"); !done) {
    for (const FieldError& error : done.error().fields) out.push_back(error.field);
  }
  return out;
}

TEST(Join, AcceptsACompleteForm) { EXPECT_THAT(wrong_fields(good()), testing::IsEmpty()); }

TEST(Join, NamesEveryWrongFieldAtOnce) {
  EXPECT_THAT(wrong_fields(Registration()), testing::ElementsAre("email", "name", "password", "terms", "privacy"));
}

TEST(Join, RefusesInvalidAddresses) {
  for (const char* email :
       {"kim",          "@b.kr",        "a@",          "a@b",      "a@.kr",      "a@b.",     "a b@c.kr",
        "a@b@c.kr",     "<a@b.kr>",     "a@b.kr\x01",  "a@-b.kr",  "a@b-.kr",    "a@b_c.kr", "a@b..kr",
        "a\u200b@b.kr", "a\u00a0@b.kr", "\u3164@b.kr", "a,b@c.kr", "\"a\"@b.kr", "★@b.kr"}) {
    Registration one = good();
    one.email = email;
    EXPECT_THAT(wrong_fields(one), testing::ElementsAre("email")) << email;
  }
}

TEST(Join, CountsCharactersNotBytes) {
  Registration one = good();
  const std::string longest = "가나다라마바사아자차가나다라마바사아자차가나다라마바사아자차";  // 30
  one.name = Name(longest);
  EXPECT_THAT(wrong_fields(one), testing::IsEmpty());
  one.name = Name(longest + "가");
  EXPECT_THAT(wrong_fields(one), testing::ElementsAre("name"));
  one = good();
  one.password = one.password_again = "일이삼사오육칠";  // 7
  EXPECT_THAT(wrong_fields(one), testing::ElementsAre("password"));
}

TEST(Join, RequiresThePasswordTwice) {
  Registration one = good();
  one.password_again = "correct hors";
  EXPECT_THAT(wrong_fields(one), testing::ElementsAre("password_again"));
}

TEST(Device, NamesBrowserAndSystem) {
  EXPECT_EQ(
      device_name("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 "
                  "Safari/537.36 Edg/120.0.0.0"),
      "Edge, Windows");
  EXPECT_EQ(device_name("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0 "
                        "Mobile/15E148 Safari/604.1"),
            "Safari, iPhone");
  EXPECT_EQ(device_name("curl/7.88.1"), "");
}

}  // namespace
}  // namespace ms::members
