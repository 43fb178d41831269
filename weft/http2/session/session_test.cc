#include "weft/http2/session/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/http2/session/internal/session_recorder.h"

namespace weft::http2 {
namespace {

using script::exchange;
using script::plain;
using script::Recorder;
using ::testing::ElementsAre;

const HeaderField kPost[] = {{":method", "POST", Token::Method},
                             {":scheme", "http", Token::Scheme},
                             {":path", "/s/M", Token::Path},
                             {":authority", "h", Token::Authority},
                             {"te", "trailers", Token::Te}};
const HeaderField kOk[] = {{":status", "200", Token::Status}};
const HeaderField kTrailers[] = {{"grpc-status", "0", Token::GrpcStatus}};

/// Two sessions whose prefaces have been exchanged.
class JoinedSessions : public ::testing::Test {
 protected:
  JoinedSessions() {
    exchange(client, server);
    client.events();
    server.events();
  }
  Stream& open(bool end_stream) { return client.session.open_stream(kPost, end_stream, nullptr); }

  Recorder client{plain(Role::Client)};
  Recorder server{plain(Role::Server)};
};

TEST(Session, ExchangesPrefacesAndSettings) {
  Recorder client{plain(Role::Client)};
  Recorder server{plain(Role::Server)};
  EXPECT_THAT(client.frames(), ElementsAre("PREFACE", "SETTINGS 2=0 6=16384"));
  EXPECT_THAT(server.frames(), ElementsAre("SETTINGS 3=100 6=16384"));
  EXPECT_FALSE(client.session.peer_settings_received());
  server.receive(script::client_preface());
  EXPECT_THAT(server.events(), ElementsAre("settings"));
  EXPECT_THAT(server.frames(), ElementsAre("SETTINGS ack"));
}

TEST_F(JoinedSessions, CarryAUnaryCall) {
  Stream& stream = open(false);
  client.session.queue_data(stream, Bytes::of_static("question"), true);
  exchange(client, server);
  EXPECT_THAT(server.events(),
              ElementsAre("headers 1 initial :method=POST :scheme=http :path=/s/M :authority=h "
                          "te=trailers",
                          "data 1 question end"));
  Stream& answer = server.stream(1);
  server.session.send_headers(answer, kOk, false);
  std::uint8_t* room = server.session.reserve_data(answer, 6);
  ASSERT_NE(room, nullptr);
  std::copy_n("answer", 6, room);
  server.session.commit_data(answer, 6, false);
  server.session.send_headers(answer, kTrailers, true);
  EXPECT_THAT(server.events(), ElementsAre("closed 1 by completion"));
  exchange(client, server);
  EXPECT_THAT(client.events(),
              ElementsAre("headers 1 initial :status=200", "data 1 answer",
                          "headers 1 trailers grpc-status=0 end", "closed 1 by completion"));
  EXPECT_EQ(client.session.open_streams(), 0U);
  EXPECT_EQ(server.session.open_streams(), 0U);
}

}  // namespace
}  // namespace weft::http2
