// What a session says it holds, and what it does so that its owner can hold less.

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/http2/session/internal/session_recorder.h"

namespace weft::http2 {
namespace {

using namespace script;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Memory : public ::testing::Test {
 protected:
  explicit Memory(SessionOptions options = plain(Role::Server)) : server(options) {
    server.receive(client_preface() + settings_ack());
    server.frames();
  }
  Stream& open(std::uint32_t id) {
    server.receive(headers(id, kRequest));
    return server.stream(id);
  }
  static Bytes zeros(std::size_t size) { return Bytes::copy_of(std::string(size, '\0')); }
  static constexpr HeaderField kOk[] = {{":status", "200"}};
  static constexpr HeaderField kTrailers[] = {{"grpc-status", "0"}};

  Recorder server;
};

TEST_F(Memory, CountsWhatWaitsForWindowsUntilItHasGone) {
  Stream& stream = open(1);
  server.session.send_headers(stream, kOk, false);
  server.frames();
  const std::size_t before = server.session.memory();
  server.session.queue_data(stream, zeros(100000), false);
  server.session.send_headers(stream, kTrailers, true);
  server.frames();
  EXPECT_EQ(server.session.queued(), 100000U - kDefaultWindow);
  EXPECT_GT(server.session.memory(), before + 100000 - kDefaultWindow);
  server.receive(window_update(0, 100000) + window_update(1, 100000));
  server.frames();
  EXPECT_EQ(server.session.queued(), 0U);
  EXPECT_LT(server.session.memory(), before + 2000);
}

TEST_F(Memory, ForgetsTheQueueOfAResetStream) {
  Stream& reset = open(1);
  Stream& dropped = open(3);
  for (Stream* stream : {&reset, &dropped}) {
    server.session.send_headers(*stream, kOk, false);
    server.session.queue_data(*stream, zeros(100000), false);
    server.session.send_headers(*stream, kTrailers, true);
  }
  EXPECT_EQ(server.session.queued(), 200000U - kDefaultWindow);
  server.session.drop_queued(dropped);
  EXPECT_EQ(server.session.queued(), 100000U - kDefaultWindow);
  server.receive(rst_stream(1, ErrorCode::Cancel));
  EXPECT_EQ(server.session.queued(), 0U);
}

TEST_F(Memory, CountsOutputAndUnfinishedHeaderBlocks) {
  const std::size_t before = server.session.memory();
  EXPECT_FALSE(server.session.in_header_block());
  std::string block = frame(FrameType::Headers, 0, 1, std::string(10000, '\x82'));
  server.receive(block);
  EXPECT_TRUE(server.session.in_header_block());
  EXPECT_GE(server.session.memory(), before + 10000);
}

TEST_F(Memory, KnowsThatAHeaderFrameHasBegun) {
  const std::string request = headers(1, kRequest);
  server.receive(std::string_view(request).substr(0, request.size() - 1));
  EXPECT_TRUE(server.session.in_header_block());
  server.receive(std::string_view(request).substr(request.size() - 1));
  EXPECT_FALSE(server.session.in_header_block());
}

TEST_F(Memory, HeldCreditIsGivenBackWhenItIsReleased) {
  open(1);
  server.session.hold_connection_credit(true);
  for (int i = 0; i < 4; ++i) server.receive(data(1, std::string(16000, 'x')));
  EXPECT_THAT(server.frames(), IsEmpty());
  server.session.hold_connection_credit(false);
  EXPECT_THAT(server.frames(), ElementsAre("WINDOW_UPDATE 0 +64000"));
  server.session.hold_connection_credit(false);
  EXPECT_THAT(server.frames(), IsEmpty());
}

TEST_F(Memory, FindsStreamsThatNothingMovesOn) {
  Stream& stuck = open(1);
  Stream& moving = open(3);
  server.receive(settings({{SettingId::InitialWindowSize, 0}}));
  for (Stream* stream : {&stuck, &moving}) {
    server.session.send_headers(*stream, kOk, false);
    server.session.queue_data(*stream, zeros(1000), false);
  }
  EXPECT_THAT(server.session.stalled_streams(), IsEmpty()) << "they have only begun to wait";
  server.receive(window_update(3, 10));
  EXPECT_THAT(server.session.stalled_streams(), ElementsAre(&stuck));
  EXPECT_THAT(server.session.stalled_streams(), ElementsAre(&stuck, &moving));
}

TEST_F(Memory, OfAnIdleSessionIsSmall) { EXPECT_LT(server.session.memory(), 4096U); }

class Useless : public Memory {
 protected:
  static SessionOptions strict() {
    SessionOptions options = plain(Role::Server);
    options.abuse.settings_burst = 10;
    options.abuse.settings_per_second = 1;
    options.abuse.empty_frames = 30;
    return options;
  }
  Useless() : Memory(strict()) {}
  int repeat(const std::string& bytes) {
    int n = 0;
    while (n < 1000 && server.receive(bytes)) ++n;
    return n;
  }
};

TEST_F(Useless, SettingsAreBoundedAtOnceAndPerSecond) {
  server.now += std::chrono::seconds(1);
  EXPECT_EQ(repeat(settings({})), 10);
  EXPECT_THAT(std::string(server.error.message()), HasSubstr("AbuseOptions::settings_burst"));
}

TEST_F(Useless, WindowUpdatesWhereNothingIsSentAreBounded) {
  open(1);
  EXPECT_EQ(repeat(window_update(1, 1)), 30);
  EXPECT_THAT(server.events(), Contains("error ENHANCE_YOUR_CALM"));
}

TEST_F(Useless, WindowUpdatesThatLetDataGoAreNot) {
  Stream& stream = open(1);
  server.session.send_headers(stream, kOk, false);
  server.session.queue_data(stream, zeros(200000), false);
  server.receive(window_update(0, 1000000));
  EXPECT_EQ(repeat(window_update(1, 1)), 1000);
}

TEST_F(Useless, FramesOfClosedStreamsAreBounded) {
  open(1);
  server.receive(rst_stream(1, ErrorCode::Cancel));
  EXPECT_EQ(repeat(rst_stream(1, ErrorCode::Cancel) + window_update(1, 1)), 15);
}

}  // namespace
}  // namespace weft::http2
