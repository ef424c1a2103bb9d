#include "features/members/known_devices.hpp"

#include <gtest/gtest.h>

namespace ms::members {
namespace {

using namespace std::chrono_literals;
const secret::Keyring kKeys({"a key of the site"});
const Timestamp kNow = std::chrono::sys_days(std::chrono::year(2026) / 3 / 2);

TEST(KnownDevices, FindsOnlyTheAccountsOfTheBrowser) {
  const KnownDevices site(kKeys, "site");
  const std::string one = site.add("", "a@test", kNow);
  EXPECT_TRUE(site.find(one, "a@test", kNow));
  EXPECT_FALSE(site.find(one, "b@test", kNow));
  EXPECT_FALSE(KnownDevices(kKeys, "admin").find(one, "a@test", kNow));
  EXPECT_FALSE(KnownDevices(secret::Keyring({"another"}), "site").find(one, "a@test", kNow));
  EXPECT_NE(site.find(one, "a@test", kNow), site.find(site.add("", "a@test", kNow), "a@test", kNow));
  const std::string both = site.add(one, "b@test", kNow);
  EXPECT_EQ(site.find(both, "a@test", kNow), site.find(one, "a@test", kNow));
  EXPECT_TRUE(site.find(both, "b@test", kNow));
}

TEST(KnownDevices, BoundsAccountsAndTime) {
  const KnownDevices site(kKeys, "site");
  std::string cookie;
  for (int i = 0; i < 10; ++i) cookie = site.add(cookie, std::to_string(i) + "@test", kNow);
  EXPECT_LT(cookie.size(), 400u);
  EXPECT_FALSE(site.find(cookie, "5@test", kNow));
  for (const char* known : {"6@test", "7@test", "8@test", "9@test"})
    EXPECT_TRUE(site.find(cookie, known, kNow)) << known;
  EXPECT_FALSE(site.find(cookie, "9@test", kNow + KnownDevices::kLifetime + 1s));
  const std::string again = site.add(cookie, "9@test", kNow);
  EXPECT_TRUE(site.find(again, "6@test", kNow)) << "the same account takes one place";
}

TEST(KnownDevices, IgnoresMalformedCookies) {
  const KnownDevices site(kKeys, "site");
  const std::string good = site.add("", "a@test", kNow);
  for (const std::string& bad :
       {std::string(), std::string("~"), std::string("."), std::string("..."), good.substr(1), good + "x", "9" + good,
        std::string(5000, 'a'), std::string("99999999999999999999.a.b")}) {
    EXPECT_FALSE(site.find(bad, "a@test", kNow)) << bad;
    EXPECT_TRUE(site.find(site.add(bad, "a@test", kNow), "a@test", kNow)) << bad;
  }
  EXPECT_TRUE(site.find("x~y.z~" + good, "a@test", kNow));
}

}  // namespace
}  // namespace ms::members
