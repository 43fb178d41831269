// Session::receive_some(): a session that stops in the middle of its input, and goes on later.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/http2/session/internal/session_recorder.h"

namespace weft::http2 {
namespace {

using namespace script;
using ::testing::ElementsAre;

class Pausing : public ::testing::Test {
 protected:
  Pausing() {
    server.receive(client_preface());
    server.frames();
    server.events();
  }
  /// Feeds what is left of `input`, and says how many bytes stay.
  std::size_t feed() {
    EXPECT_TRUE(server.session.receive_some(input, server.now));
    return input.size();
  }
  static std::string request(std::uint32_t id) {
    return frame(FrameType::Headers, flag::kEndHeaders, id,
                 block({{":method", "POST"}, {":scheme", "http"}, {":path", "/"}}));
  }
  Recorder server{plain(Role::Server)};
  Bytes input;
};

TEST_F(Pausing, StopsAfterABoundedNumberOfFrames) {
  const std::string priority = frame(FrameType::Priority, 0, 3, u32(0) + "\x10");
  std::string many;
  for (int i = 0; i < Session::kFramesAtOnce + 100; ++i) many += priority;
  input = Bytes::copy_of(many);
  EXPECT_EQ(feed(), 100 * priority.size());
  EXPECT_EQ(feed(), 0U);
}

TEST_F(Pausing, StopsAfterTheFrameOfTheCallback) {
  server.when_headers = [this](Stream&, bool) { server.session.pause(); };
  const std::string one = request(1);
  input = Bytes::copy_of(one + request(3) + request(5));
  EXPECT_EQ(feed(), 2 * one.size());
  EXPECT_EQ(server.events().size(), 1U);
  EXPECT_EQ(feed(), one.size());
  EXPECT_EQ(feed(), 0U);
  EXPECT_EQ(server.session.open_streams(), 3U);
}

// The end of the stream must not wait for bytes that never come.
TEST_F(Pausing, DoesNotStopBetweenAHeaderAndItsEmptyPayload) {
  server.when_data = [this](Stream&, std::size_t, bool) { server.session.pause(); };
  server.receive(request(1));
  server.events();
  const std::string empty = frame(FrameType::Data, flag::kEndStream, 1);
  for (std::size_t i = 0; i < empty.size(); ++i) {
    input = Bytes::copy_of(empty.substr(i, 1));
    EXPECT_EQ(feed(), 0U);
  }
  EXPECT_THAT(server.events(), ElementsAre("data 1  end"));
}

TEST_F(Pausing, ReceiveGoesOnBehindAPause) {
  server.when_headers = [this](Stream&, bool) { server.session.pause(); };
  EXPECT_TRUE(server.receive(request(1) + request(3)));
  EXPECT_EQ(server.session.open_streams(), 2U);
}

// Which streams of a broken connection end at once: none of more than a few.
class Ending : public ::testing::Test {
 protected:
  static SessionOptions options() {
    SessionOptions options = plain(Role::Server);
    options.most_ended_at_once = 2;
    return options;
  }
  void open(int streams) {
    server.receive(client_preface());
    for (int i = 0; i < streams; ++i) {
      server.receive(frame(FrameType::Headers, flag::kEndHeaders,
                           static_cast<std::uint32_t>(2 * i + 1),
                           block({{":method", "POST"}, {":scheme", "http"}, {":path", "/"}})));
    }
    server.events();
    server.frames();
  }
  Recorder server{options()};
};

TEST_F(Ending, ClosesFewStreamsAtOnce) {
  open(2);
  server.receive(frame(FrameType::Data, 0, 0, "x"));
  EXPECT_FALSE(server.session.ending());
  EXPECT_EQ(server.session.open_streams(), 0U);
}

TEST_F(Ending, LeavesManyStreamsToTheOwner) {
  open(3);
  server.receive(frame(FrameType::Data, 0, 0, "x"));
  EXPECT_TRUE(server.session.broken());
  EXPECT_TRUE(server.session.ending());
  EXPECT_THAT(server.events(), ElementsAre()) << "of its streams and of the error";
  EXPECT_EQ(server.session.open_streams(), 3U);
  EXPECT_EQ(server.frames().size(), 1U) << "the GOAWAY";
  server.session.end_streams();
  EXPECT_FALSE(server.session.ending());
  EXPECT_EQ(server.events().size(), 4U) << "three streams and the error";
  server.session.end_streams();
  EXPECT_THAT(server.events(), ElementsAre());
}

TEST_F(Ending, AlsoWhereTheOwnerBreaksItOff) {
  open(3);
  server.session.abort(ErrorCode::EnhanceYourCalm, "enough");
  EXPECT_TRUE(server.session.ending());
  server.session.end_streams();
  EXPECT_EQ(server.events().size(), 3U);
}

TEST_F(Ending, IsOverWhenTheTransportIsClosed) {
  open(3);
  server.session.abort(ErrorCode::EnhanceYourCalm, "enough");
  server.session.transport_closed();
  EXPECT_FALSE(server.session.ending());
  EXPECT_EQ(server.session.open_streams(), 0U);
}

TEST_F(Ending, SendsNothingMoreOnStreamsThatAreLeft) {
  open(3);
  Stream& stream = *server.streams.at(1);
  server.session.abort(ErrorCode::EnhanceYourCalm, "enough");
  server.frames();
  const http2::HeaderField status{":status", "200"};
  server.session.send_headers(stream, {&status, 1}, false);
  server.session.queue_data(stream, Bytes::of_static("x"), true);
  server.session.reset(stream, ErrorCode::Cancel);
  EXPECT_THAT(server.frames(), ElementsAre());
}

}  // namespace
}  // namespace weft::http2
