#include "weft/net/socket/client_key.h"

#include <gtest/gtest.h>

namespace weft::net {
namespace {

std::string key(std::string_view text) { return client_key(*Address::parse(text)); }

TEST(ClientKey, IsAnIpv4AddressForAnyPortAndSocket) {
  EXPECT_EQ(key("10.0.0.1:80"), "10.0.0.1");
  EXPECT_EQ(key("10.0.0.1:81"), "10.0.0.1");
  EXPECT_EQ(key("[::ffff:10.0.0.1]:80"), "10.0.0.1");
}

TEST(ClientKey, IsTheNetworkOfAnIpv6Address) {
  EXPECT_EQ(key("[2001:db8:0:1::1]:80"), "2001:db8:0:1::/64");
  EXPECT_EQ(key("[2001:db8:0:1:ffff::1]:80"), "2001:db8:0:1::/64");
  EXPECT_NE(key("[2001:db8:0:2::1]:80"), key("[2001:db8:0:1::1]:80"));
}

TEST(ClientKey, TellsLinkLocalNeighboursApart) {
  EXPECT_EQ(key("[fe80::1%eth0]:80"), "fe80::1");
  EXPECT_EQ(key("[fe80::2%eth0]:80"), "fe80::2");
  EXPECT_EQ(key("[::1]:80"), "::1");
}

TEST(ClientKey, IsOneForAllUnixSockets) {
  EXPECT_EQ(key("unix:/a"), key("unix:@b"));
  EXPECT_EQ(key("memory:client:1"), key("memory:client:2"));
  EXPECT_NE(key("memory:client:1"), key("memory:other:1"));
  EXPECT_EQ(key("memory:" + std::string(300, 'x')).size(), 64U);
}

}  // namespace
}  // namespace weft::net
