#include "infra/core/address.hpp"

#include <gtest/gtest.h>

namespace ms {
namespace {

TEST(ClientAddress, AnIpv6NetworkIsOneClient) {
  for (const char* address : {"2001:db8:1:2::1", "2001:0db8:0001:0002:ffff:ffff:ffff:ffff", "2001:DB8:1:2:0:0:0:5"}) {
    EXPECT_EQ(ClientAddress(address).visitor(), "2001:db8:1:2::/64") << address;
  }
  EXPECT_NE(ClientAddress("2001:db8:1:3::1").visitor(), ClientAddress("2001:db8:1:2::1").visitor());
  EXPECT_EQ(ClientAddress("2001:0db8:1:2:0:0:0:5").text(), "2001:db8:1:2::5");
  EXPECT_EQ(ClientAddress("::1").visitor(), "::/64");
}

TEST(ClientAddress, NormalizesIpv4Addresses) {
  for (const char* address : {"203.0.113.7", "::ffff:203.0.113.7", "::FFFF:cb00:7107", "0:0:0:0:0:ffff:203.0.113.7"}) {
    EXPECT_EQ(ClientAddress(address).visitor(), "203.0.113.7") << address;
    EXPECT_EQ(ClientAddress(address).text(), "203.0.113.7") << address;
  }
  EXPECT_NE(ClientAddress("203.0.113.8").visitor(), ClientAddress("203.0.113.7").visitor());
}

TEST(ClientAddress, OtherTextStaysAsItIs) {
  for (const char* text : {"", "unix:", "1.2.3", "2001:db8::/64", "fe80::1%eth0", "01.2.3.4", "1.2.3.4.5"}) {
    EXPECT_EQ(ClientAddress(text).visitor(), text);
    EXPECT_EQ(ClientAddress(text).text(), text);
  }
}

}  // namespace
}  // namespace ms
