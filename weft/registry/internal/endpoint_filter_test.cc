#include "weft/registry/internal/endpoint_filter.h"

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/base/log.h"
#include "weft/cluster/resolvers/announcer.h"
#include "weft/net/sim/sim_loop.h"
#include "weft/registry/registry.h"

namespace weft::registry {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Filter : public ::testing::Test {
 protected:
  Filter() {
    set_log_sink([this](LogLevel, std::string_view line) { lines.emplace_back(line); });
  }
  ~Filter() override { set_log_sink({}); }

  /// The texts of what is left of endpoints with these addresses, one each.
  std::vector<std::string> admitted(EndpointFilter& filter, const std::vector<std::string>& texts) {
    std::vector<cluster::Endpoint> endpoints;
    for (const std::string& text : texts) {
      endpoints.push_back({.addresses = {*net::Address::parse(text)}});
    }
    std::vector<std::string> left;
    for (const cluster::Endpoint& endpoint : filter.admit(std::move(endpoints))) {
      left.push_back(cluster::to_string(endpoint));
    }
    return left;
  }

  const std::vector<std::string> locals{
      "unix:/tmp/x",    "unix:@x",      "127.0.0.1:80",         "[::1]:80",
      "169.254.1.1:80", "[fe80::1]:80", "[::ffff:127.0.0.1]:80"};
  net::SimNetwork network{1};
  net::SimLoop& loop = network.host("client");
  std::vector<std::string> lines;
};

TEST_F(Filter, RefusesLocalAddressesOfARegistryElsewhere) {
  EndpointFilter filter(loop, "weft://r/s", LocalAddresses::Refused);
  for (const std::string& local : locals) {
    EXPECT_THAT(admitted(filter, {local, "10.0.0.1:80"}), ElementsAre("10.0.0.1:80")) << local;
    EXPECT_THAT(std::string(filter.refusal().message()), HasSubstr("allow_local=true"));
  }
  EXPECT_THAT(admitted(filter, {"10.0.0.1:80"}), SizeIs(1));
  EXPECT_TRUE(filter.refusal().ok());
}

TEST_F(Filter, AcceptsLocalAddressesWhereTheyAreAllowed) {
  EndpointFilter filter(loop, "weft://r/s", LocalAddresses::Accepted);
  EXPECT_THAT(admitted(filter, locals), SizeIs(locals.size()));
  EXPECT_THAT(lines, IsEmpty());
}

TEST_F(Filter, NeverAcceptsAddressesThatLeadNowhere) {
  EndpointFilter filter(loop, "weft://r/s", LocalAddresses::Accepted);
  EXPECT_THAT(admitted(filter, {"0.0.0.0:80", "224.0.0.1:80", "[::]:80", "255.255.255.255:80"}),
              IsEmpty());
}

TEST_F(Filter, KeepsTheOtherAddressesOfAnEndpoint) {
  EndpointFilter filter(loop, "weft://r/s", LocalAddresses::Refused);
  cluster::Endpoint endpoint{
      .addresses = {*net::Address::parse("unix:/x"), *net::Address::parse("10.0.0.1:80")}};
  const auto left = filter.admit({endpoint});
  ASSERT_THAT(left, SizeIs(1));
  EXPECT_EQ(cluster::to_string(left[0]), "10.0.0.1:80");
}

TEST_F(Filter, BoundsWeights) {
  EndpointFilter filter(loop, "weft://r/s", LocalAddresses::Refused);
  const auto left =
      filter.admit({{.addresses = {*net::Address::parse("10.0.0.1:80")}, .weight = 4'294'967'295}});
  ASSERT_THAT(left, SizeIs(1));
  EXPECT_EQ(left[0].weight, cluster::kMaxAnnouncedWeight);
  EXPECT_THAT(lines, ElementsAre(HasSubstr("weight 4294967295 counts as 1000")));
}

TEST_F(Filter, LogsOnceAMinuteAndCountsEachOnce) {
  EndpointFilter filter(loop, "weft://r/s", LocalAddresses::Refused);
  const std::uint64_t before = refused_addresses();
  for (int i = 0; i < 5; ++i) admitted(filter, {"unix:/tmp/x", "unix:/tmp/y"});
  EXPECT_EQ(refused_addresses() - before, 2U);
  EXPECT_THAT(
      lines, ElementsAre("registry: weft://r/s: refused: address 'unix:/tmp/x' is a machine's own, "
                         "and a registry elsewhere may not name one (the target's "
                         "allow_local=true) (and 1 more)"));
  for (int i = 0; i < 1000; ++i) admitted(filter, {"unix:/tmp/" + std::to_string(i)});
  EXPECT_THAT(lines, SizeIs(1));
  network.run_for(61s);
  admitted(filter, {"unix:/tmp/new"});
  EXPECT_THAT(lines, SizeIs(2));
  EXPECT_THAT(lines.back(), HasSubstr("(and 1000 more)"));
}

TEST_F(Filter, CountsEntriesThatAreNoEndpoints) {
  EndpointFilter filter(loop, "weft://r/s", LocalAddresses::Refused);
  const std::uint64_t before = refused_addresses();
  filter.admit({}, {invalid_argument("address 'x:1': no")});
  EXPECT_EQ(refused_addresses() - before, 1U);
  EXPECT_EQ(filter.refusal().message(), "address 'x:1': no");
}

TEST(ThisMachine, IsKnownByItsNamesOnly) {
  EXPECT_TRUE(are_this_machine({"localhost:7070", "127.0.0.1:1", "[::1]:1", "r.localhost:1"}));
  EXPECT_FALSE(are_this_machine({"localhost:7070", "10.0.0.1:1"}));
  EXPECT_FALSE(are_this_machine({"registry:7070"}));
}

}  // namespace
}  // namespace weft::registry
