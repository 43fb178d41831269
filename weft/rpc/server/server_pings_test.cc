// How often a client may ping a server (gRFC A8).

#include <string>

#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include "weft/rpc/internal/test_service.h"
#include "weft/testing/in_process.h"
#include "weft/testing/scripted_peer.h"

namespace weft::rpc {
namespace {

using http2::ErrorCode;
using http2::FrameType;
using testing::EndStream;
using testing::InProcess;
using testing::ScriptedPeer;

class ServerPings : public ::testing::Test {
 protected:
  ServerPings() {
    world.add<test::Kinds>();
    world.start();
    peer = ScriptedPeer::connect(world.client_host(), "server", InProcess::kPort);
    peer->expect(FrameType::Settings);
  }
  /// Begins a call whose response is far larger than the 64 KiB that HTTP/2 lets it send at first.
  void begin_large_call() {
    const std::string request = test::text(std::string(100'000, 'x')).SerializeAsString();
    peer->set_give_credit(false);
    peer->send(testing::headers(1, testing::grpc_request("/test.Kinds/Unary")));
    const std::string message = testing::grpc_message(request);
    constexpr std::size_t kFrame = 16'384;
    for (std::size_t at = 0; at < message.size(); at += kFrame) {
      const EndStream end = at + kFrame < message.size() ? EndStream::No : EndStream::Yes;
      peer->send(testing::data(1, message.substr(at, kFrame), end));
    }
    peer->expect(FrameType::Headers, 1);
  }

  InProcess world;
  std::unique_ptr<ScriptedPeer> peer;
};

TEST_F(ServerPings, AreForgivenWhileAResponseFlows) {
  begin_large_call();
  for (int i = 0; i < 20; ++i) {
    peer->send(testing::window_update(0, 100) + testing::window_update(1, 100));
    peer->expect(FrameType::Data, 1);
    peer->send(testing::ping());
    peer->expect(FrameType::Ping);
  }
  EXPECT_FALSE(peer->has(FrameType::Goaway)) << peer->log();
}

TEST_F(ServerPings, EndTheConnectionWhenNothingIsSentBetweenThem) {
  for (int i = 0; i < 3; ++i) {
    peer->send(testing::ping());
    peer->expect(FrameType::Ping);
  }
  EXPECT_FALSE(peer->has(FrameType::Goaway)) << peer->log();
  peer->send(testing::ping());
  const testing::Frame& goaway = peer->expect(FrameType::Goaway);
  EXPECT_EQ(goaway.error(), ErrorCode::EnhanceYourCalm);
  EXPECT_NE(goaway.to_string().find("too_many_pings"), std::string::npos);
}

}  // namespace
}  // namespace weft::rpc
