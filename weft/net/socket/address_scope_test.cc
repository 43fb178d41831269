#include "weft/net/socket/address_scope.h"

#include <gtest/gtest.h>

#include "weft/net/loop/asio_loop.h"
#include "weft/net/sim/sim_loop.h"

namespace weft::net {
namespace {

AddressScope scope(std::string_view text) {
  const Result<Address> address = Address::parse(text);
  EXPECT_TRUE(address.ok()) << address.status().to_string();
  return address.ok() ? scope_of(*address) : AddressScope::Nowhere;
}

TEST(AddressScope, PublicAndPrivateAddressesCarryEverywhere) {
  for (const char* text :
       {"10.0.0.1:80", "192.168.1.1:80", "8.8.8.8:80", "100.64.0.1:80", "[2001:db8::1]:80",
        "[fd00::1]:80", "[::ffff:10.0.0.1]:80", "[64:ff9b::808:808]:80", "[2002:808:808::1]:80"}) {
    EXPECT_EQ(scope(text), AddressScope::Everywhere) << text;
  }
}

TEST(AddressScope, LoopbackUnixAndMemoryAreTheMachines) {
  for (const char* text :
       {"127.0.0.1:80", "127.255.255.254:80", "[::1]:80", "[::ffff:127.0.0.1]:80",
        "[64:ff9b::7f00:1]:80", "[2002:7f00:1::]:80", "unix:/run/x", "unix:@name", "memory:x:80"}) {
    EXPECT_EQ(scope(text), AddressScope::Machine) << text;
  }
}

TEST(AddressScope, LinkLocalAddressesAndZonesAreTheLinks) {
  for (const char* text : {"169.254.169.254:80", "[fe80::1]:80", "[febf::1]:80", "[fec0::1]:80",
                           "[fe80::1%eth0]:80", "[2001:db8::1%1]:80", "[::ffff:169.254.0.1]:80"}) {
    EXPECT_EQ(scope(text), AddressScope::Link) << text;
  }
}

TEST(AddressScope, UnspecifiedMulticastAndReservedLeadNowhere) {
  for (const char* text : {"0.0.0.0:80", "0.1.2.3:80", "224.0.0.1:80", "239.255.255.255:80",
                           "240.0.0.1:80", "255.255.255.255:80", "[::]:80", "[ff02::1]:80",
                           "[::ffff:0.0.0.0]:80", "[::ffff:224.0.0.1]:80", "[::127.0.0.1]:80"}) {
    EXPECT_EQ(scope(text), AddressScope::Nowhere) << text;
  }
}

TEST(AddressScope, NamesInMemoryAreHostsOfASimulatedNetwork) {
  SimNetwork network(1);
  const Address address = Address::memory("server", 80);
  EXPECT_EQ(scope_of(address, network.host("a")), AddressScope::Everywhere);
  const AsioLoop real;
  EXPECT_EQ(scope_of(address, real), AddressScope::Machine);
  EXPECT_EQ(scope_of(Address::unix_path("/x"), network.host("a")), AddressScope::Machine);
}

}  // namespace
}  // namespace weft::net
