#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/http2/session/internal/session_recorder.h"

// What a peer may cost us before it is told ENHANCE_YOUR_CALM.

namespace weft::http2 {
namespace {

using namespace script;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Abuse : public ::testing::Test {
 protected:
  static SessionOptions strict() {
    SessionOptions options = plain(Role::Server);
    options.abuse = {
        .unread_answers = 20, .reset_burst = 10, .resets_per_second = 1, .empty_frames = 30};
    return options;
  }
  Abuse() { server.receive(client_preface() + settings_ack()); }
  /// Sends `bytes` until the connection breaks, at most `limit` times; how often it went well.
  int repeat(const std::string& bytes, int limit) {
    int n = 0;
    while (n < limit && server.receive(bytes)) ++n;
    return n;
  }
  int open_and_reset(int limit) {
    int n = 0;
    while (n < limit &&
           server.receive(headers(id_, kRequest) + rst_stream(id_, ErrorCode::Cancel))) {
      id_ += 2;
      ++n;
    }
    return n;
  }

  Recorder server{strict()};
  std::uint32_t id_ = 1;
};

TEST_F(Abuse, BoundsPingAnswersThatNobodyReads) {
  EXPECT_EQ(repeat(ping(), 1000), 19);  // the SETTINGS ACK is the twentieth
  EXPECT_THAT(std::string(server.error.message()), HasSubstr("AbuseOptions::unread_answers"));
}

TEST_F(Abuse, LetsAPeerPingThatReadsTheAnswers) {
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(server.receive(ping()));
    server.frames();
  }
}

TEST_F(Abuse, LetsAPeerPingThatReadsSlowlyBehindOtherOutput) {
  // The output is never empty, yet what is answered gets read.
  server.frames();
  server.session.ping(1);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(server.receive(ping())) << i;
    server.session.output().consume(17);
  }
}

TEST_F(Abuse, BoundsSettingsAnswersThatNobodyReads) { EXPECT_EQ(repeat(settings(), 1000), 19); }

TEST_F(Abuse, BoundsStreamsThatAreResetAtOnce) {
  EXPECT_EQ(open_and_reset(1000), 10);
  EXPECT_THAT(std::string(server.error.message()), HasSubstr("AbuseOptions::reset_burst"));
}

TEST_F(Abuse, ForgivesResetsWithTime) {
  EXPECT_EQ(open_and_reset(10), 10);
  server.now += std::chrono::seconds(5);
  EXPECT_EQ(open_and_reset(1000), 5);
}

TEST_F(Abuse, ForgivesResetsForStreamsThatComplete) {
  const HeaderField ok[] = {{":status", "200", Token::Status}};
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(open_and_reset(1), 1);
    server.receive(headers(id_, kRequest, kEnd));
    server.session.send_headers(server.stream(id_), ok, true);
    server.frames();
    id_ += 2;
  }
}

TEST_F(Abuse, BoundsStreamsThatAPeerMakesUsReset) {
  int n = 0;
  for (; n < 1000; ++n) {
    if (!server.receive(headers(id_, kRequest) + window_update(id_, 0))) break;
    server.frames();
    id_ += 2;
  }
  EXPECT_EQ(n, 10);
}

TEST_F(Abuse, BoundsEmptyDataFrames) {
  server.receive(headers(1, kRequest));
  EXPECT_EQ(repeat(data(1, ""), 1000), 30);
  EXPECT_THAT(std::string(server.error.message()), HasSubstr("AbuseOptions::empty_frames"));
}

TEST_F(Abuse, BoundsUnknownAndPriorityFrames) {
  EXPECT_EQ(repeat(frame(static_cast<FrameType>(0x21), 0, 0), 15), 15);
  EXPECT_EQ(repeat(frame(FrameType::Priority, 0, 3, u32(1) + "\x01"), 1000), 15);
}

TEST_F(Abuse, ForgivesEmptyFramesBetweenUsefulOnes) {
  server.receive(headers(1, kRequest));
  for (int i = 0; i < 100; ++i) ASSERT_EQ(repeat(data(1, "") + data(1, "x"), 1), 1);
}

}  // namespace
}  // namespace weft::http2
