// static: and file:, and the JSON of endpoints.

#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "weft/cluster/resolvers/endpoint_json.h"
#include "weft/cluster/resolvers/resolver.h"
#include "weft/net/sim/sim_loop.h"
#include "weft/testing/folder.h"
#include "weft/testing/resolving.h"

namespace weft::cluster {
namespace {

using namespace std::chrono_literals;
using testing::Resolving;
using Texts = std::vector<std::string>;

struct Lists : ::testing::Test {
  std::unique_ptr<Resolver> resolver(std::string_view target) {
    Result<std::unique_ptr<Resolver>> made = make_resolver(host, target);
    EXPECT_TRUE(made.ok()) << made.status().to_string();
    return made.ok() ? *std::move(made) : nullptr;
  }
  std::string refusal(std::string_view target) {
    return make_resolver(host, target).status().to_string();
  }
  net::SimNetwork network{1};
  net::SimLoop& host = network.host("client");
};

using Static = Lists;

TEST_F(Static, ListsEndpointsWithWhatIsSaidOfThem) {
  Resolving resolving(
      host, resolver("static:10.0.0.1:80;weight=2;zone=a,[fd00::1]:81;name=b;address=10.0.0.2:81;"
                     "version=1%2C2,unix:/run/x.sock"));
  ASSERT_TRUE(resolving.until_lists(1));
  EXPECT_EQ(resolving.texts(),
            (Texts{"10.0.0.1:80", "[fd00::1]:81,10.0.0.2:81", "unix:/run/x.sock"}));
  const std::vector<Endpoint>& list = resolving.lists[0];
  EXPECT_EQ(list[0].weight, 2u);
  EXPECT_EQ(list[0].zone, "a");
  EXPECT_EQ(list[1].name, "b");
  EXPECT_EQ(list[1].attributes.at("version"), "1,2");
  EXPECT_TRUE(resolving.done());
  Resolving slashes(host, resolver("static:///10.0.0.1:80"));
  ASSERT_TRUE(slashes.until_lists(1));
  EXPECT_EQ(slashes.texts(), Texts{"10.0.0.1:80"});
}

TEST_F(Static, NamesTheEndpointThatIsWrong) {
  EXPECT_EQ(refusal("static:10.0.0.1:80,host:80"),
            "INVALID_ARGUMENT: target 'static:10.0.0.1:80,host:80': endpoint 2: 'host' is not an "
            "IPv4 or IPv6 address");
  EXPECT_EQ(refusal("static:10.0.0.1:80;weight=0"),
            "INVALID_ARGUMENT: target 'static:10.0.0.1:80;weight=0': endpoint 1: weight '0' is not "
            "a whole number from 1 to 4294967295");
  EXPECT_EQ(refusal("static:10.0.0.1:80;zone"),
            "INVALID_ARGUMENT: target 'static:10.0.0.1:80;zone': endpoint 1: 'zone' is not of the "
            "form name=value");
  EXPECT_EQ(refusal("static:10.0.0.1:80;zone=%2"),
            "INVALID_ARGUMENT: target 'static:10.0.0.1:80;zone=%2': endpoint 1: 'zone=%2': a '%' "
            "is not followed by two hexadecimal digits");
  EXPECT_NE(refusal("static:").find("endpoint 1"), std::string::npos);
  EXPECT_NE(refusal("static://a/10.0.0.1:80").find("a list follows 'static:'"), std::string::npos);
}

TEST(EndpointJson, IsReadAndWritten) {
  const std::string text =
      R"({"addresses":["10.0.0.1:80","[fd00::1]:80"],"attributes":{"v":"7"},"name":"x","weight":2,"zone":"a"})";
  const Result<Endpoint> endpoint = endpoint_from_json(text, UnknownMembers::Refuse);
  ASSERT_TRUE(endpoint.ok()) << endpoint.status().to_string();
  EXPECT_EQ(endpoint->addresses.size(), 2u);
  EXPECT_EQ(to_json(*endpoint), text);
  const Result<Endpoint> brief = endpoint_from_json(R"("10.0.0.1:80")", UnknownMembers::Refuse);
  ASSERT_TRUE(brief.ok());
  EXPECT_EQ(to_json(*brief), R"({"address":"10.0.0.1:80"})");
}

TEST(EndpointJson, NamesThePathAndTheValueThatIsWrong) {
  const auto error = [](std::string_view text) {
    return std::string(endpoints_from_json(text).status().message());
  };
  EXPECT_EQ(error(R"(["10.0.0.1:80", {"address": "10.0.0.2:80", "weight": -1}])"),
            "$[1].weight: -1 is not a whole number from 1 to 4294967295");
  EXPECT_EQ(error(R"({"endpoints": [{"address": "x:1"}]})"),
            "$.endpoints[0].address: 'x' is not an IPv4 or IPv6 address");
  EXPECT_EQ(error(R"([{"addresses": []}])"), "$[0].addresses: [] is not a list of addresses");
  EXPECT_EQ(error(R"([{"addresses": [7]}])"), "$[0].addresses[0]: 7 is not the text of an address");
  EXPECT_EQ(error(R"([{"weight": 1}])"), R"($[0]: {"weight":1} has no address)");
  EXPECT_EQ(error(R"([{"address": "1.1.1.1:1", "attributes": {"a": 1}}])"),
            "$[0].attributes.a: 1 is not a text");
  EXPECT_EQ(
      error(R"([{"address": "1.1.1.1:1", "wieght": 1}])"),
      "$[0].wieght: 1 is not a known member; an endpoint has address, addresses, name, weight, "
      "zone and attributes");
  EXPECT_EQ(error(R"({"servers": []})"), "$.servers: [] is not known; expected endpoints");
  EXPECT_EQ(error("7"), "$: 7 is not a list of endpoints");
  EXPECT_EQ(error("[").substr(0, 31), "not JSON: parse error at line 1");
  EXPECT_TRUE(
      endpoint_from_json(R"({"address": "1.1.1.1:1", "later": 1})", UnknownMembers::Ignore).ok());
}

struct File : Lists {
  void write(std::string_view text) const { folder.write("list.json", text); }
  std::string target() const { return "file://" + path; }
  const testing::Folder folder;
  const std::string path = folder.file("list.json");
};

TEST_F(File, IsReadAgainWhenItChanges) {
  write(R"([{"address": "10.0.0.1:80", "weight": 3}])");
  Resolving resolving(host, resolver(target()));
  ASSERT_TRUE(resolving.until_lists(1));
  EXPECT_EQ(resolving.texts(), Texts{"10.0.0.1:80"});
  EXPECT_EQ(resolving.lists[0][0].weight, 3u);
  network.run_for(1min);
  EXPECT_EQ(resolving.lists.size(), 1u);
  write(R"(["10.0.0.1:80", "10.0.0.2:80"])");
  network.run_for(1s);
  EXPECT_EQ(resolving.texts(), (Texts{"10.0.0.1:80", "10.0.0.2:80"}));
  folder.write("list.json.new", R"(["10.0.0.3:80"])");
  ASSERT_EQ(::rename((path + ".new").c_str(), path.c_str()), 0);
  network.run_for(1s);
  EXPECT_EQ(resolving.texts(), Texts{"10.0.0.3:80"});
  EXPECT_TRUE(resolving.failures.empty());
  EXPECT_TRUE(resolving.stop());
}

TEST_F(File, FollowsALinkThatIsMadeToPointElsewhere) {
  folder.write("list.json.new", R"(["10.0.0.1:80"])");
  ASSERT_EQ(::symlink((path + ".new").c_str(), path.c_str()), 0);
  Resolving resolving(host, resolver(target()));
  ASSERT_TRUE(resolving.until_lists(1));
  const std::string other = folder.write("other", R"(["10.0.0.2:80", "10.0.0.3:80"])");
  ASSERT_EQ(std::remove(path.c_str()), 0);
  ASSERT_EQ(::symlink(other.c_str(), path.c_str()), 0);
  network.run_for(1s);
  EXPECT_EQ(resolving.texts(), (Texts{"10.0.0.2:80", "10.0.0.3:80"}));
  EXPECT_TRUE(resolving.stop());
}

TEST_F(File, ThatIsWrongIsReportedOnceAndMayRecover) {
  Resolving resolving(host, resolver(target()));
  network.run_for(1min);
  ASSERT_EQ(resolving.failures.size(), 1u);
  EXPECT_EQ(resolving.failures[0].to_string(),
            "UNAVAILABLE: file '" + path + "': No such file or directory");
  write(R"(["10.0.0.1:80"])");
  ASSERT_TRUE(resolving.until_lists(1));
  write(R"(["10.0.0.1:80", {"address": "10.0.0.2:80", "weight": 0}])");
  network.run_for(1min);
  ASSERT_EQ(resolving.failures.size(), 2u);
  EXPECT_EQ(resolving.failures[1].message(),
            "file '" + path + "': $[1].weight: 0 is not a whole number from 1 to 4294967295");
  write("[]");
  network.run_for(1min);
  ASSERT_EQ(resolving.failures.size(), 3u);
  EXPECT_EQ(resolving.failures[2].message(), "file '" + path + "': it lists no endpoints");
  EXPECT_EQ(resolving.lists.size(), 1u);
  write(R"(["10.0.0.4:80"])");
  ASSERT_TRUE(resolving.until_lists(2));
  EXPECT_EQ(resolving.texts(), Texts{"10.0.0.4:80"});
  EXPECT_TRUE(resolving.stop());
}

TEST_F(File, MustBeARegularFile) {
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  Resolving resolving(host, resolver(target()));
  ASSERT_TRUE(resolving.until_failures(1));
  EXPECT_EQ(resolving.failures[0].message(), "file '" + path + "': not a regular file");
  EXPECT_TRUE(resolving.stop());
  EXPECT_EQ(refusal("file://host/x"),
            "INVALID_ARGUMENT: target 'file://host/x': expected file:///absolute/path or "
            "file:relative/path");
  EXPECT_NE(refusal("file:///x?a=b").find("option 'a' is not known"), std::string::npos);
}

}  // namespace
}  // namespace weft::cluster
