#include "weft/net/proxy/http_proxy.h"

#include <string>

#include <gtest/gtest.h>

namespace weft::net {
namespace {

TEST(NoProxy, NamesHostsDomainsNetworksAndPorts) {
  const std::string list = " a.example , .b.example,*.c.example,10.0.0.0/8, ::1, fd00::/8,d:81";
  for (const std::string in : {"a.example", "x.a.example", "A.EXAMPLE", "a.example.", "b.example",
                               "x.b.example", "x.c.example", "10.1.2.3", "::1", "fd12::1"}) {
    EXPECT_TRUE(excludes(list, in, 80)) << in;
  }
  for (const std::string out : {"xa.example", "example", "11.0.0.1", "::2", "fe80::1", "d", ""}) {
    EXPECT_FALSE(excludes(list, out, 80)) << out;
  }
  EXPECT_TRUE(excludes(list, "d", 81));
  EXPECT_TRUE(excludes("*", "anything", 1));
  EXPECT_FALSE(excludes("", "anything", 1));
}

}  // namespace
}  // namespace weft::net
