// Session::receive_some(): a session that stops in the middle of its input, and goes on later.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/http2/internal/session_recorder.h"

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

}  // namespace
}  // namespace weft::http2
