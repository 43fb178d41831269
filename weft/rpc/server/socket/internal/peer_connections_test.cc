#include "weft/rpc/server/socket/internal/peer_connections.h"

#include <gtest/gtest.h>

namespace weft::rpc {
namespace {

net::Address ip(std::string_view host) { return *net::Address::ip(host, 1234); }

TEST(PeerConnections, AreCountedByAddressAndGivenBack) {
  PeerConnections peers;
  auto first = peers.take(ip("192.0.2.1"), 2);
  auto second = peers.take(ip("192.0.2.1"), 2);
  EXPECT_TRUE(first && second);
  EXPECT_FALSE(peers.take(ip("192.0.2.1"), 2));
  EXPECT_TRUE(peers.take(ip("192.0.2.2"), 2));
  second.reset();
  EXPECT_TRUE(peers.take(ip("192.0.2.1"), 2));
}

TEST(PeerConnections, OfANetworkOf64BitsAreOneClients) {
  PeerConnections peers;
  const auto one = peers.take(ip("2001:db8:1:2::1"), 1);
  EXPECT_TRUE(one);
  EXPECT_FALSE(peers.take(ip("2001:db8:1:2:ffff::9"), 1));
  EXPECT_TRUE(peers.take(ip("2001:db8:1:3::1"), 1));
}

TEST(PeerConnections, OfMappedAddressesAreThoseOfIpv4) {
  PeerConnections peers;
  const auto one = peers.take(ip("::ffff:192.0.2.1"), 1);
  EXPECT_TRUE(one);
  EXPECT_FALSE(peers.take(ip("::ffff:192.0.2.1"), 1));
  EXPECT_TRUE(peers.take(ip("::ffff:192.0.2.2"), 1));
}

TEST(PeerConnections, WithoutAnAddressOrALimitAreNotCounted) {
  PeerConnections peers;
  const auto local = peers.take(net::Address::unix_path("/run/x"), 1);
  EXPECT_TRUE(local);
  EXPECT_TRUE(peers.take(net::Address::unix_path("/run/x"), 1));
  const auto unlimited = peers.take(ip("192.0.2.1"), SIZE_MAX);
  EXPECT_TRUE(unlimited);
  EXPECT_TRUE(peers.take(ip("192.0.2.1"), 1));
}

}  // namespace
}  // namespace weft::rpc
