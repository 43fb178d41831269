// Names of servers in the process, and the channels to them.

#include <chrono>

#include <gtest/gtest.h>

#include "weft/net/sim/sim_loop.h"
#include "weft/rpc/client/channel.h"
#include "weft/rpc/internal/test_service.h"
#include "weft/rpc/server/server.h"
#include "weft/testing/run.h"

namespace weft::rpc {
namespace {

using namespace std::chrono_literals;
using test::text;

TEST(InprocNames, BelongToOneServer) {
  net::SimNetwork network(1);
  Server first({.listen = "inproc:taken", .loops = {&network.host("a")}});
  ASSERT_TRUE(first.start().ok());
  EXPECT_TRUE(first.addresses().empty());
  Server second({.listen = "inproc:taken", .loops = {&network.host("b")}});
  const Status status = second.start();
  EXPECT_EQ(status.code(), StatusCode::AlreadyExists);
  EXPECT_EQ(status.message(),
            "cannot listen: inproc:taken is the name of another server in this process");
  testing::run(network.host("a"), first.shutdown(0s));
  EXPECT_TRUE(second.start().ok());
}

TEST(InprocNames, AreNotEmpty) {
  net::SimNetwork network(1);
  Server server({.listen = "inproc:", .loops = {&network.host("a")}});
  EXPECT_EQ(server.start().code(), StatusCode::InvalidArgument);
  Channel channel("inproc:");
  EXPECT_EQ(testing::run(network.host("a"), test::unary(channel, text("x"))).status().code(),
            StatusCode::InvalidArgument);
}

TEST(InprocChannel, HasNoTlsAndNoBalancer) {
  net::SimNetwork network(1);
  Channel channel("inproc:any", {.tls = TlsClientOptions{}});
  EXPECT_EQ(testing::run(network.host("a"), test::unary(channel, text("x"))).status().message(),
            "ChannelOptions::tls: inproc:any has no connection that TLS could protect");
  EXPECT_EQ(channel.set_balancing({}).code(), StatusCode::FailedPrecondition);
}

TEST(InprocChannel, SaysThatNobodyHasTheName) {
  net::SimNetwork network(1);
  Channel channel("inproc:nobody");
  const Status status = testing::run(network.host("a"), channel.connect());
  EXPECT_EQ(status.code(), StatusCode::Unavailable);
  EXPECT_EQ(status.message(), "inproc:nobody: no server of this process has that name");
}

}  // namespace
}  // namespace weft::rpc
