#include <algorithm>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/http2/session/internal/session_recorder.h"

// Flow control: RFC 9113 sections 5.2, 6.9; who is next when a window opens; growing windows.

namespace weft::http2 {
namespace {

using namespace script;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const HeaderField kOk[] = {{":status", "200", Token::Status}};

Bytes zeros(std::size_t n) { return Bytes::copy_of(std::string(n, 'z')); }

class Sending : public ::testing::Test {
 protected:
  Sending() { begin(); }
  void begin(std::initializer_list<std::pair<SettingId, std::uint32_t>> values = {}) {
    server.receive(std::string(kClientPreface) + settings(values));
  }
  Stream& open(std::uint32_t id) {
    server.receive(headers(id, kRequest, kEnd));
    Stream& stream = server.stream(id);
    server.session.send_headers(stream, kOk, false);
    server.events();
    server.frames();
    return stream;
  }

  Recorder server{plain(Role::Server)};
};

TEST_F(Sending, WaitsForTheStreamsWindowToOpen) {
  server.receive(window_update(0, 1000000));
  Stream& stream = open(1);
  server.session.queue_data(stream, zeros(70000), false);
  EXPECT_THAT(server.frames(), ElementsAre("DATA 1 size=16384", "DATA 1 size=16384",
                                           "DATA 1 size=16384", "DATA 1 size=16383"));
  EXPECT_EQ(stream.queued(), 70000U - 65535U);
  EXPECT_TRUE(server.receive(window_update(1, 4000)));
  EXPECT_THAT(server.frames(), ElementsAre("DATA 1 size=4000"));
  EXPECT_THAT(server.events(), IsEmpty());
  EXPECT_TRUE(server.receive(window_update(1, 4000)));
  EXPECT_THAT(server.frames(), ElementsAre("DATA 1 size=465"));
  EXPECT_THAT(server.events(), ElementsAre("drained 1"));
}

TEST_F(Sending, StopsAtTheConnectionsWindow) {
  Stream& stream = open(1);
  server.receive(window_update(1, 1000000));
  server.session.queue_data(stream, zeros(70000), true);
  EXPECT_EQ(server.frames().size(), 4U);
  EXPECT_TRUE(server.receive(window_update(0, 100000)));
  EXPECT_THAT(server.frames(), ElementsAre("DATA 1 size=4465 end_stream"));
  EXPECT_THAT(server.events(), ElementsAre("drained 1", "closed 1 by completion"));
}

TEST_F(Sending, AlternatesFramesAmongWaitingStreams) {
  Stream& first = open(1);
  Stream& second = open(3);
  server.session.queue_data(first, zeros(65535), false);  // all of the connection's window
  server.frames();
  server.receive(window_update(1, 100000));
  server.session.queue_data(first, zeros(40000), false);
  server.session.queue_data(second, zeros(20000), false);
  EXPECT_THAT(server.frames(), IsEmpty());
  EXPECT_TRUE(server.receive(window_update(0, 50000)));
  EXPECT_THAT(server.frames(), ElementsAre("DATA 1 size=16384", "DATA 3 size=16384",
                                           "DATA 1 size=16384", "DATA 3 size=848"));
}

TEST_F(Sending, JoinsSmallSlicesThatWaited) {
  Stream& stream = open(1);
  server.session.queue_data(stream, zeros(65535), false);
  for (int i = 0; i < 5; ++i) server.session.queue_data(stream, zeros(10), false);
  server.frames();
  server.receive(window_update(0, 100));
  EXPECT_THAT(server.frames(), IsEmpty());
  server.receive(window_update(1, 45));
  EXPECT_THAT(server.frames(), ElementsAre("DATA 1 size=45"));
  server.receive(window_update(1, 45));
  EXPECT_THAT(server.frames(), ElementsAre("DATA 1 size=5"));
}

TEST_F(Sending, CopiesOfWhatIsLentOnlyWhatHasToWait) {
  Stream& stream = open(1);
  std::string lender(200'000, 'l');
  server.session.queue_data(stream, Bytes::lent(lender), true);
  EXPECT_TRUE(server.session.output().lent());
  EXPECT_EQ(stream.queued(), 200'000U - 65535U);
  EXPECT_LT(server.session.memory(), 400'000U);
  server.session.output().own();
  lender.assign(lender.size(), '!');
  std::string sent = script::take(server.session.output());
  server.receive(window_update(0, 200'000) + window_update(1, 200'000));
  EXPECT_FALSE(server.session.output().lent());
  sent += script::take(server.session.output());
  EXPECT_EQ(std::count(sent.begin(), sent.end(), 'l'), 200'000);
}

TEST_F(Sending, PutsTrailersBehindWhatIsQueued) {
  Stream& stream = open(1);
  server.session.queue_data(stream, zeros(65536), false);
  {
    std::string value = "0";
    const HeaderField trailers[] = {{"grpc-status", value, Token::GrpcStatus}};
    server.session.send_headers(stream, trailers, true);
    value = "overwritten";
  }
  EXPECT_TRUE(stream.local_ended());
  server.frames();
  server.receive(window_update(0, 1));
  server.receive(window_update(1, 1));
  EXPECT_THAT(server.frames(), ElementsAre("DATA 1 size=1", "HEADERS 1 end_stream"));
  EXPECT_THAT(server.events(), ElementsAre("drained 1", "closed 1 by completion"));
}

TEST_F(Sending, SendsOtherTrailersAtOnceWhereTheQueueIsDropped) {
  const HeaderField late[] = {{"grpc-status", "0"}};
  const HeaderField instead[] = {{"grpc-status", "4"}};
  Stream& stream = open(1);
  server.session.queue_data(stream, zeros(70000), false);
  server.session.send_headers(stream, late, true);
  server.frames();
  server.session.drop_queued(stream);
  EXPECT_EQ(stream.queued(), 0U);
  EXPECT_FALSE(stream.local_ended());
  EXPECT_THAT(server.frames(), IsEmpty());
  server.session.send_headers(stream, instead, true);
  EXPECT_THAT(server.frames(), ElementsAre("HEADERS 1 end_stream"));
  EXPECT_THAT(server.events(), ElementsAre("closed 1 by completion"));
  server.receive(window_update(0, 100000));
  EXPECT_THAT(server.frames(), IsEmpty());
}

TEST_F(Sending, NeedsNoWindowForAnEmptyEnd) {
  Stream& stream = open(1);
  server.session.queue_data(stream, zeros(65535), false);
  server.frames();
  server.session.queue_data(stream, Bytes(), true);
  EXPECT_THAT(server.frames(), ElementsAre("DATA 1 size=0 end_stream"));
}

TEST_F(Sending, EndsWithTheQueueWhenTheEndIsQueuedLater) {
  Stream& stream = open(1);
  server.session.queue_data(stream, zeros(65536), false);
  server.session.queue_data(stream, Bytes(), true);
  server.frames();
  server.receive(window_update(1, 10) + window_update(0, 10));
  EXPECT_THAT(server.frames(), ElementsAre("DATA 1 size=1 end_stream"));
}

TEST_F(Sending, GoesByThePeersFrameSize) {
  server.receive(settings({{SettingId::MaxFrameSize, 30000}}));
  Stream& stream = open(1);
  server.session.queue_data(stream, zeros(40000), true);
  EXPECT_THAT(server.frames(), ElementsAre("DATA 1 size=30000", "DATA 1 size=10000 end_stream"));
}

TEST_F(Sending, FollowsChangesOfTheInitialWindow) {
  server.receive(settings({{SettingId::InitialWindowSize, 10}}));
  Stream& stream = open(1);
  server.session.queue_data(stream, zeros(30), false);
  EXPECT_THAT(server.frames(), ElementsAre("DATA 1 size=10"));
  server.receive(settings({{SettingId::InitialWindowSize, 5}}));  // the window is now -5
  server.receive(window_update(1, 5));
  EXPECT_THAT(server.frames(), ElementsAre("SETTINGS ack"));
  server.receive(settings({{SettingId::InitialWindowSize, 15}}));
  EXPECT_THAT(server.frames(), ElementsAre("SETTINGS ack", "DATA 1 size=10"));
  server.receive(window_update(1, 100));
  EXPECT_THAT(server.frames(), ElementsAre("DATA 1 size=10"));
}

TEST_F(Sending, SkipsAWaitingStreamThatLostItsWindow) {
  Stream& stream = open(1);
  Stream& other = open(3);
  server.session.queue_data(stream, zeros(65535), false);  // all of the connection's window
  server.receive(window_update(1, 10));
  server.session.queue_data(stream, zeros(10), false);
  server.session.queue_data(other, zeros(10), false);
  server.receive(settings({{SettingId::InitialWindowSize, kDefaultWindow - 10}}));
  server.frames();
  server.receive(window_update(0, 100));
  EXPECT_THAT(server.frames(), ElementsAre("DATA 3 size=10"));
  server.receive(window_update(1, 10));
  EXPECT_THAT(server.frames(), ElementsAre("DATA 1 size=10"));
}

TEST_F(Sending, ReservesRoomOnlyWhereAFrameMayGoAtOnce) {
  Stream& stream = open(1);
  EXPECT_EQ(server.session.reserve_data(stream, 16385), nullptr) << "beyond the frame size";
  for (int i = 0; i < 3; ++i) {
    ASSERT_NE(server.session.reserve_data(stream, 16384), nullptr);
    server.session.commit_data(stream, 16384, false);
  }
  EXPECT_EQ(server.session.reserve_data(stream, 16384), nullptr) << "beyond the window";
  server.session.queue_data(stream, zeros(16384), false);
  EXPECT_EQ(server.session.reserve_data(stream, 0), nullptr) << "behind what is queued";
}

TEST_F(Sending, CommitsLessThanWasReserved) {
  Stream& stream = open(1);
  ASSERT_NE(server.session.reserve_data(stream, 100), nullptr);
  server.session.commit_data(stream, 7, true);
  EXPECT_THAT(server.frames(), ElementsAre("DATA 1 size=7 end_stream"));
  EXPECT_THAT(server.events(), ElementsAre("closed 1 by completion"));
}

TEST_F(Sending, LetsTheOwnerQueueMoreWhenDrained) {
  Stream& stream = open(1);
  server.session.queue_data(stream, zeros(65536), false);
  server.frames();
  server.when_drained = [&](Stream& drained) {
    server.when_drained = nullptr;
    server.session.queue_data(drained, zeros(3), true);
  };
  server.receive(window_update(1, 10) + window_update(0, 10));
  EXPECT_THAT(server.frames(), ElementsAre("DATA 1 size=1", "DATA 1 size=3 end_stream"));
}

TEST_F(Sending, DropsTheQueueOfAStreamThatIsReset) {
  Stream& stream = open(1);
  Stream& other = open(3);
  server.session.queue_data(stream, zeros(65535), false);
  server.receive(window_update(1, 10));
  server.session.queue_data(stream, zeros(10), false);
  server.session.queue_data(other, zeros(10), false);
  server.frames();
  server.receive(rst_stream(1, ErrorCode::Cancel) + window_update(0, 100));
  EXPECT_THAT(server.frames(), ElementsAre("DATA 3 size=10"));
}

class Receiving : public ::testing::Test {
 protected:
  explicit Receiving(const SessionOptions& options = plain(Role::Server)) : server(options) {
    server.receive(client_preface() + settings_ack() + headers(1, kRequest));
    server.frames();
    server.events();
  }
  Recorder server;
};

TEST_F(Receiving, GivesTheConnectionsCreditBackWithoutTheOwner) {
  EXPECT_TRUE(server.receive(data(1, std::string(16384, 'x'))));
  EXPECT_THAT(server.frames(), IsEmpty());
  EXPECT_TRUE(server.receive(data(1, std::string(16384, 'x'))));
  EXPECT_THAT(server.frames(), ElementsAre("WINDOW_UPDATE 0 +32768"));
}

TEST_F(Receiving, ReturnsCreditWhenHalfAStreamsWindowIsConsumed) {
  for (int i = 0; i < 3; ++i) server.receive(data(1, std::string(16384, 'x')));
  server.frames();
  server.session.consumed(server.stream(1), 32767);
  EXPECT_THAT(server.frames(), IsEmpty());
  server.session.consumed(server.stream(1), 1);
  EXPECT_THAT(server.frames(), ElementsAre("WINDOW_UPDATE 1 +32768"));
}

TEST_F(Receiving, GivesNoMoreCreditThanHasArrived) {
  server.receive(data(1, "abc"));
  server.session.consumed(server.stream(1), 1000000);
  EXPECT_THAT(server.frames(), IsEmpty());
}

TEST_F(Receiving, SendsNoCreditForAnEndedStream) {
  for (int i = 0; i < 2; ++i) server.receive(data(1, std::string(16384, 'x')));
  server.receive(data(1, std::string(16384, 'x'), kEnd));
  server.frames();
  server.session.consumed(server.stream(1), 3 * 16384);
  EXPECT_THAT(server.frames(), IsEmpty());
}

TEST_F(Receiving, ResetsAStreamThatOverrunsItsWindow) {
  for (int i = 0; i < 4; ++i) server.receive(data(1, std::string(16383, 'x')));
  EXPECT_TRUE(server.receive(data(1, "1234")));
  EXPECT_THAT(server.frames(), Contains("RST_STREAM 1 FLOW_CONTROL_ERROR"));
}

TEST_F(Receiving, CountsPaddingAndGivesItBack) {
  // 255 bytes of padding and its length byte, on 4 bytes of data.
  const std::string padded = frame(FrameType::Data, flag::kPadded, 1,
                                   "\xff"
                                   "data" +
                                       std::string(255, '\0'));
  for (int i = 0; i < 128; ++i) EXPECT_TRUE(server.receive(padded));
  EXPECT_THAT(server.frames(), ElementsAre("WINDOW_UPDATE 0 +33020", "WINDOW_UPDATE 1 +32768"));
}

class SmallWindows : public Receiving {
 protected:
  static SessionOptions small() {
    SessionOptions options = plain(Role::Server);
    options.local.initial_window_size = 100;
    return options;
  }
  SmallWindows() : Receiving(small()) {}
};

TEST_F(SmallWindows, HoldOnceThePeerHasAcknowledgedThem) {
  EXPECT_TRUE(server.receive(data(1, std::string(101, 'x'))));
  EXPECT_THAT(server.frames(), ElementsAre("RST_STREAM 1 FLOW_CONTROL_ERROR"));
}

TEST(UnacknowledgedSettings, LeaveThePeerTheDefaultWindow) {
  SessionOptions options = plain(Role::Server);
  options.local.initial_window_size = 100;
  Recorder server{options};
  EXPECT_TRUE(
      server.receive(client_preface() + headers(1, kRequest) + data(1, std::string(300, 'x'))));
  server.frames();
  EXPECT_TRUE(server.receive(settings_ack()));  // the window is now -200
  server.session.consumed(server.stream(1), 300);
  EXPECT_THAT(server.frames(), ElementsAre("WINDOW_UPDATE 1 +300"));
  EXPECT_TRUE(server.receive(data(1, std::string(100, 'x'))));
  EXPECT_THAT(server.frames(), IsEmpty());
}

TEST(ConnectionWindow, IsRaisedAtTheStart) {
  SessionOptions options = plain(Role::Client);
  options.connection_window = 1 << 20;
  Recorder client{options};
  EXPECT_THAT(client.frames(),
              ElementsAre("PREFACE", "SETTINGS 2=0 6=16384", "WINDOW_UPDATE 0 +983041"));
}

TEST(ConnectionWindow, MustNotBeOverrun) {
  Recorder server{plain(Role::Server)};
  // Without the credit that is given back at once: one frame larger than what is left.
  std::string bytes = client_preface() + headers(1, kRequest) + headers(3, kRequest);
  EXPECT_TRUE(server.receive(bytes));
  SessionOptions options = plain(Role::Server);
  options.local.max_frame_size = 100000;
  options.local.initial_window_size = 200000;
  Recorder large{options};
  EXPECT_FALSE(
      large.receive(client_preface() + headers(1, kRequest) + data(1, std::string(65536, 'x'))));
  EXPECT_THAT(large.events(), Contains("error FLOW_CONTROL_ERROR"));
  EXPECT_THAT(std::string(large.error.message()),
              HasSubstr("a DATA frame of 65536 bytes exceeds the connection's window of 65535"));
}

// Windows that grow

class GrowingWindows : public Receiving {
 protected:
  static SessionOptions growing() {
    SessionOptions options = plain(Role::Server);
    options.max_window = 1 << 20;
    return options;
  }
  GrowingWindows() : Receiving(growing()) {}
  void send(std::size_t n) {
    for (; n != 0; n -= std::min<std::size_t>(n, 16384)) {
      server.receive(data(1, std::string(std::min<std::size_t>(n, 16384), 'x')));
      server.session.consumed(server.stream(1), 16384);
    }
  }
  std::string ack() const {
    std::string payload = u32(static_cast<std::uint32_t>(Session::kBandwidthPing >> 32)) +
                          u32(static_cast<std::uint32_t>(Session::kBandwidthPing));
    return ping(payload, flag::kAck);
  }
  /// `bytes` arrive within one round trip of `time`; what is sent from the ACK on.
  std::vector<std::string> round_trip(std::size_t bytes, Duration time) {
    send(bytes);
    server.frames();
    server.now += time;
    EXPECT_TRUE(server.receive(ack()));
    return server.frames();
  }
};

TEST_F(GrowingWindows, AreProbedWithOnePingAtATime) {
  send(3 * 16384);
  std::vector<std::string> frames = server.frames();
  EXPECT_EQ(std::count(frames.begin(), frames.end(), "PING"), 1);
  EXPECT_TRUE(server.receive(ack()));
  EXPECT_THAT(server.frames(), IsEmpty());
  EXPECT_THAT(server.events(), Not(Contains(HasSubstr("ping"))));
}

TEST_F(GrowingWindows, DoubleWhenARoundTripFillsThem) {
  send(16384);
  EXPECT_THAT(round_trip(60000, std::chrono::milliseconds(10)),
              ElementsAre("SETTINGS 4=131070", "WINDOW_UPDATE 0 +65535"));
}

TEST_F(GrowingWindows, StayWhenTheBandwidthDoesNotGrow) {
  send(16384);
  round_trip(60000, std::chrono::milliseconds(10));
  send(3 * 16384);
  EXPECT_THAT(round_trip(110000, std::chrono::milliseconds(40)), IsEmpty());
}

TEST_F(GrowingWindows, StayWithinTheLimit) {
  Duration time = std::chrono::milliseconds(10);
  std::uint32_t largest = 0;
  for (int i = 0; i < 12; ++i) {
    send(1 << 20);
    server.frames();
    for (const std::string& line : round_trip(1 << 20, time)) {
      if (line.starts_with("SETTINGS 4=")) {
        largest = std::max(largest, static_cast<std::uint32_t>(std::stoul(line.substr(11))));
      }
    }
    time /= 2;
  }
  EXPECT_EQ(largest, 1U << 20);
}

TEST_F(GrowingWindows, AreProbedLessOftenWhenNothingIsLearned) {
  int pings = 0;
  for (int i = 0; i < 1000; ++i) {
    send(16384);
    for (const std::string& line : server.frames()) {
      if (line != "PING") continue;
      ++pings;
      server.now += std::chrono::milliseconds(1);
      EXPECT_TRUE(server.receive(ack()));
    }
  }
  // 16 MB in frames of 16 KB: a window is 4 of them, and one probe in 16 windows is the steady
  // rate.
  EXPECT_LT(pings, 25);
}

}  // namespace
}  // namespace weft::http2
