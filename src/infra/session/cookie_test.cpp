#include "infra/session/cookie.hpp"

#include <gtest/gtest.h>

#include "infra/http/form.hpp"
#include "infra/session/viewer.hpp"

namespace ms::session {
namespace {

const secret::Keyring kSecret({"keyboard cat"});

TEST(Cookie, IsVerifiedAfterSigning) {
  const std::string id = new_id();
  EXPECT_EQ(id.size(), 32u);
  EXPECT_EQ(unsign(sign(id, kSecret), kSecret), id);
}

TEST(Cookie, IsWhatCookieSignatureWrites) {
  // node -e "console.log(require('cookie-signature').sign('hello', 'tobiiscool'))", from that package's own README.
  EXPECT_EQ(http::percent_decode(sign("hello", secret::Keyring({"tobiiscool"}))),
            "s:hello.DGDUkGlIkCzPz+C0B064FNgHdEjox7ch8tOBGslZ5QI");
}

TEST(Cookie, RejectsOtherSignatures) {
  const std::string good = sign(new_id(), kSecret);
  EXPECT_FALSE(unsign(good, secret::Keyring({"another secret"})));
  EXPECT_FALSE(unsign(good + "x", kSecret));
  for (const std::string_view bad :
       {"", "s%3A", "s%3A.", "s%3Aabc", "s%3Aabc.", "abc.def", "%", "s%3A%zz.x", "j%3A%7B%7D"}) {
    EXPECT_FALSE(unsign(bad, kSecret)) << bad;
  }
  EXPECT_FALSE(unsign(sign(std::string(1000, 'a'), kSecret), kSecret));
}

TEST(Permissions, AreReadFromNames) {
  const Permissions parsed = Permissions::parse("read,delete,flying,write");
  EXPECT_TRUE(parsed.has(Permission::read));
  EXPECT_TRUE(parsed.has(Permission::remove));
  EXPECT_FALSE(parsed.has(Permission::admin));
  EXPECT_EQ(parsed.names(), "read,write,delete");
  EXPECT_EQ(Permissions::parse("").names(), "");
  EXPECT_EQ(role_of("staff"), Role::staff);
  EXPECT_FALSE(role_of("root"));
}

}  // namespace
}  // namespace ms::session
