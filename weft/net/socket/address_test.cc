#include "weft/net/socket/address.h"

#include <gtest/gtest.h>

namespace weft::net {
namespace {

TEST(Address, ReadsIpv4AndIpv6Literals) {
  EXPECT_EQ(Address::ip("127.0.0.1", 80)->to_string(), "127.0.0.1:80");
  EXPECT_EQ(Address::ip("::1", 80)->to_string(), "[::1]:80");
  EXPECT_EQ(Address::ip("0:0:0:0:0:0:0:1", 80)->to_string(), "[::1]:80");
  EXPECT_EQ(Address::ip("fe80::1%eth0", 80)->to_string(), "[fe80::1%eth0]:80");
  EXPECT_EQ(Address::ip("127.0.0.1", 80)->family(), Address::Family::Ipv4);
  EXPECT_EQ(Address::ip("::", 0)->family(), Address::Family::Ipv6);
}

TEST(Address, RefusesWhatIsNoLiteral) {
  for (const char* text : {"", "localhost", "1.2.3", "1.2.3.4.5", "256.0.0.1", "[::1]",
                           ":::", "fe80::1%", "fe80::1%a/b", "127.0.0.1%eth0"}) {
    const Result<Address> address = Address::ip(text, 1);
    ASSERT_FALSE(address.ok()) << text;
    EXPECT_EQ(address.status().code(), StatusCode::InvalidArgument);
    EXPECT_NE(address.status().message().find(text), std::string_view::npos);
  }
}

TEST(Address, PrintsUnixAndMemoryNames) {
  EXPECT_EQ(Address::unix_path("/run/x.sock").to_string(), "unix:/run/x.sock");
  EXPECT_EQ(Address::unix_path("@x").to_string(), "unix:@x");
  EXPECT_EQ(Address::memory("x").to_string(), "memory:x");
  EXPECT_EQ(Address::memory("x", 5).to_string(), "memory:x:5");
}

TEST(HostPort, SplitsNamesAndBracketedAddresses) {
  EXPECT_EQ(HostPort::parse("a.b:80")->host, "a.b");
  EXPECT_EQ(HostPort::parse("a.b:80")->port, 80);
  EXPECT_EQ(HostPort::parse("[::1]:65535")->host, "::1");
  EXPECT_EQ(HostPort::parse("[::1]:65535")->port, 65535);
  EXPECT_EQ(HostPort::parse("a", 443)->port, 443);
  EXPECT_EQ(HostPort::parse("[::1]", 443)->port, 443);
  EXPECT_EQ(HostPort::parse("::1", 443)->host, "::1");
}

TEST(HostPort, SaysWhatIsWrong) {
  const auto message = [](std::string_view text, std::uint16_t port = 0) {
    return std::string(HostPort::parse(text, port).status().message());
  };
  EXPECT_EQ(message("a"), "'a': the port is missing, expected 'host:port'");
  EXPECT_EQ(message("a:"), "'a:': port '' is not a number from 0 to 65535");
  EXPECT_EQ(message("a:65536"), "'a:65536': port '65536' is not a number from 0 to 65535");
  EXPECT_EQ(message("a:80x"), "'a:80x': port '80x' is not a number from 0 to 65535");
  EXPECT_EQ(message("a:-1"), "'a:-1': port '-1' is not a number from 0 to 65535");
  EXPECT_EQ(message(":80"), "':80': the host is missing");
  EXPECT_EQ(message("[::1"), "'[::1': ']' is missing after the IPv6 address");
  EXPECT_EQ(message("[::1]80"), "'[::1]80': expected ':port' after ']'");
  EXPECT_EQ(message("::1"), "'::1': an IPv6 address with a port is written '[address]:port'");
}

struct TargetCase {
  const char* text;
  const char* scheme;
  const char* authority;
  const char* endpoint;
};

TEST(Target, ReadsEveryScheme) {
  for (const TargetCase& c : {
           TargetCase{"localhost:50051", "dns", "", "localhost:50051"},
           TargetCase{"localhost", "dns", "", "localhost"},
           TargetCase{"127.0.0.1:80", "dns", "", "127.0.0.1:80"},
           TargetCase{"[::1]:80", "dns", "", "[::1]:80"},
           TargetCase{"dns:greeter:1", "dns", "", "greeter:1"},
           TargetCase{"dns:///greeter:1", "dns", "", "greeter:1"},
           TargetCase{"dns://8.8.8.8/greeter:1", "dns", "8.8.8.8", "greeter:1"},
           TargetCase{"ipv4:1.2.3.4:5,6.7.8.9:10", "ipv4", "", "1.2.3.4:5,6.7.8.9:10"},
           TargetCase{"ipv4:///1.2.3.4:5", "ipv4", "", "1.2.3.4:5"},
           TargetCase{"ipv6:[::1]:5", "ipv6", "", "[::1]:5"},
           TargetCase{"unix:a/b.sock", "unix", "", "a/b.sock"},
           TargetCase{"unix:/a/b.sock", "unix", "", "/a/b.sock"},
           TargetCase{"unix:///a/b.sock", "unix", "", "/a/b.sock"},
           TargetCase{"unix:@name", "unix", "", "@name"},
           TargetCase{"unix-abstract:name", "unix", "", "@name"},
           TargetCase{"memory:name", "memory", "", "name"},
       }) {
    const Result<Target> target = Target::parse(c.text);
    ASSERT_TRUE(target.ok()) << c.text << ": " << target.status().to_string();
    EXPECT_EQ(target->scheme, c.scheme) << c.text;
    EXPECT_EQ(target->authority, c.authority) << c.text;
    EXPECT_EQ(target->endpoint, c.endpoint) << c.text;
  }
}

TEST(Target, RefusesWhatItCannotReadAndNamesIt) {
  for (const char* text : {"", "dns:", "dns:///", "dns://greeter:1", "http://a:1", "a:99999",
                           "ipv4:localhost:1", "ipv4:1.2.3.4", "ipv4:[::1]:1", "ipv6:1.2.3.4:1",
                           "ipv4:1.2.3.4:1,", "unix://host/a", "unix:", "memory:", ":80"}) {
    const Result<Target> target = Target::parse(text);
    ASSERT_FALSE(target.ok()) << text;
    EXPECT_EQ(target.status().code(), StatusCode::InvalidArgument);
    EXPECT_NE(target.status().message().find(text), std::string_view::npos);
  }
  EXPECT_EQ(Target::parse("http://a:1").status().message(),
            "target 'http://a:1': unknown scheme 'http', expected host:port, dns:///host:port, "
            "ipv4:a.b.c.d:port, ipv6:[address]:port, unix:path or memory:name");
}

TEST(Target, GivesTheAddressesThatNeedNoResolving) {
  const auto literals = [](std::string_view text) { return *Target::parse(text)->literals(); };
  ASSERT_EQ(literals("ipv4:1.2.3.4:5,6.7.8.9:10").size(), 2U);
  EXPECT_EQ(literals("ipv4:1.2.3.4:5,6.7.8.9:10")[1], *Address::ip("6.7.8.9", 10));
  EXPECT_EQ(literals("unix:/a")[0], Address::unix_path("/a"));
  EXPECT_EQ(literals("memory:a:7")[0], Address::memory("a", 7));
  EXPECT_EQ(literals("memory:a")[0], Address::memory("a"));
  EXPECT_TRUE(literals("dns:a:1").empty());
}

}  // namespace
}  // namespace weft::net
