#include "weft/cluster/resolvers/address_order.h"

#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/cluster/balancers/balancers.h"

namespace weft::cluster {
namespace {

using ::testing::ElementsAre;

std::vector<net::Address> addresses(const std::vector<const char*>& hosts) {
  std::vector<net::Address> addresses;
  for (const char* host : hosts) addresses.push_back(net::Address::ip(host, 80).value());
  return addresses;
}

std::vector<std::string> hosts(const std::vector<net::Address>& addresses) {
  std::vector<std::string> hosts;
  for (const net::Address& address : addresses) hosts.push_back(address.host());
  return hosts;
}

TEST(ConnectingOrder, LetsFamiliesTakeTurns) {
  EXPECT_THAT(hosts(in_connecting_order(addresses({"::1", "::2", "::3", "10.0.0.1", "10.0.0.2"}))),
              ElementsAre("::1", "10.0.0.1", "::2", "10.0.0.2", "::3"));
}

TEST(ConnectingOrder, BeginsWithTheFamilyOfTheFirst) {
  EXPECT_THAT(hosts(in_connecting_order(addresses({"10.0.0.1", "10.0.0.2", "::1"}))),
              ElementsAre("10.0.0.1", "::1", "10.0.0.2"));
}

TEST(ConnectingOrder, LeavesOneFamilyAsItIs) {
  EXPECT_THAT(hosts(in_connecting_order(addresses({"10.0.0.3", "10.0.0.1", "10.0.0.2"}))),
              ElementsAre("10.0.0.3", "10.0.0.1", "10.0.0.2"));
  EXPECT_TRUE(in_connecting_order({}).empty());
}

TEST(ConnectingOrder, TriesAnAddressOnce) {
  EXPECT_THAT(hosts(in_connecting_order(addresses({"10.0.0.1", "10.0.0.1", "::1", "10.0.0.1"}))),
              ElementsAre("10.0.0.1", "::1"));
}

TEST(ConnectingOrder, ShufflesEvenly) {
  Rng rng(3);
  std::vector<int> first(4);
  for (int i = 0; i < 4000; ++i) {
    std::vector<net::Address> some = addresses({"10.0.0.0", "10.0.0.1", "10.0.0.2", "10.0.0.3"});
    shuffle(some, rng);
    ++first[static_cast<std::size_t>(some.front().host().back() - '0')];
    EXPECT_EQ(
        std::set<std::string>({some[0].host(), some[1].host(), some[2].host(), some[3].host()})
            .size(),
        4u);
  }
  for (const int count : first) EXPECT_NEAR(count, 1000, 110);
}

TEST(PickFirst, SaysThatItsEndpointsAreOneServer) {
  EXPECT_TRUE(pick_first()->joins_endpoints());
  EXPECT_FALSE(pick_first()->shuffles_addresses());
  EXPECT_TRUE(pick_first({.shuffle = true})->shuffles_addresses());
  EXPECT_FALSE(round_robin()->joins_endpoints());
}

}  // namespace
}  // namespace weft::cluster
