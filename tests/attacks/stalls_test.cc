// Clients that begin something and then do nothing, or as little as they can.

#include <string>

#include "tests/attacks/held_memory.h"
#include "tests/attacks/victim.h"

namespace weft::attacks {
namespace {

using namespace std::chrono_literals;
using http2::ErrorCode;
using http2::FrameType;
using http2::SettingId;

constexpr std::size_t kMiB = std::size_t{1024} * 1024;

/// A request to Expand for so many bytes.
std::string expand(std::uint32_t id, const std::string& bytes) {
  const std::string message = std::string("\x0a") + static_cast<char>(bytes.size()) + bytes;
  return open_call(id, "/test.Kinds/Expand") +
         testing::data(id, testing::grpc_message(message), EndStream::Yes);
}

TEST(SlowHeaders, LoseTheirConnection) {
  Victim victim({.header_timeout = 200ms});
  Attacker attacker(victim.port());
  attacker.send(open_headers(1, hex("8387")));
  expect_sent_away(attacker, ErrorCode::EnhanceYourCalm, "header_timeout");
}

TEST(SlowHeaders, InOneFrameLoseTheirConnection) {
  Victim victim({.header_timeout = 200ms});
  Attacker attacker(victim.port());
  const std::string request = testing::headers(1, testing::grpc_request("/test.Kinds/Unary"));
  attacker.send(std::string_view(request).substr(0, request.size() / 2));
  expect_sent_away(attacker, ErrorCode::EnhanceYourCalm, "header_timeout");
}

TEST(SlowHeaders, ThatGoOnByTheByteLoseTheirConnectionToo) {
  Victim victim({.header_timeout = 200ms});
  Attacker attacker(victim.port());
  attacker.send(open_headers(1, hex("83")));
  for (int i = 0; i < 60 && !attacker.closed(); ++i) {
    attacker.send(continuation(1, hex("87"), false));
    attacker.read(20ms);
  }
  expect_sent_away(attacker, ErrorCode::EnhanceYourCalm, "header_timeout");
}

TEST(SlowHeaders, ThatEndInTimeAreACall) {
  Victim victim({.header_timeout = 10s});
  Attacker attacker(victim.port());
  const std::string block = block_of(testing::grpc_request("/test.Kinds/Unary"));
  attacker.send(open_headers(1, block.substr(0, 20)));
  attacker.send(continuation(1, block.substr(20), true));
  attacker.send(testing::data(1, testing::grpc_message(""), EndStream::Yes));
  EXPECT_NE(attacker.find(FrameType::Data, 1), nullptr) << attacker.log();
}

TEST(HalfOpen, ConnectionsThatSayNothingAreClosed) {
  Victim victim({.handshake_timeout = 200ms});
  Attacker attacker(victim.port(), Attacker::Hello::Nothing);
  EXPECT_TRUE(attacker.wait_closed());
}

TEST(HalfOpen, ConnectionsThatSayHalfAreClosed) {
  Victim victim({.handshake_timeout = 200ms});
  Attacker attacker(victim.port(), Attacker::Hello::Nothing);
  attacker.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  EXPECT_TRUE(attacker.wait_closed());
}

TEST(HalfOpen, ConnectionsWhosePeerIsGoneAreClosedByKeepalive) {
  Victim victim({.keepalive_time = 200ms, .keepalive_timeout = 200ms});
  Attacker attacker(victim.port());
  // It never answers the PING.
  EXPECT_TRUE(attacker.wait_closed());
  EXPECT_GE(attacker.count(FrameType::Ping), 1U);
}

TEST(Idle, ConnectionsAreClosedWhereAsked) {
  Victim victim({.max_connection_idle = 200ms});
  Attacker attacker(victim.port());
  EXPECT_TRUE(attacker.wait_closed());
  ASSERT_NE(attacker.goaway(), nullptr);
  EXPECT_EQ(attacker.goaway()->error(), ErrorCode::NoError);
}

TEST(ZeroWindow, LosesTheCall) {
  Victim victim({.stall_timeout = 200ms});
  Attacker attacker(victim.port());
  attacker.send(testing::settings({{SettingId::InitialWindowSize, 0}}) + expand(1, "1000000"));
  // The headers, then the status, which needs no window.
  ASSERT_NE(attacker.find(FrameType::Headers, 1), nullptr);
  const Frame* trailers = attacker.find(FrameType::Headers, 1);
  ASSERT_NE(trailers, nullptr) << attacker.last_words();
  EXPECT_EQ(trailers->field("grpc-status"), "8");
  EXPECT_NE(trailers->field("grpc-message").find("stall_timeout"), std::string_view::npos);
  EXPECT_TRUE(attacker.round_trip()) << attacker.last_words();
  EXPECT_LE(victim.server().active_calls(), 1U);
}

TEST(ZeroWindow, ThatOpensNowAndThenKeepsTheCall) {
  Victim victim({.stall_timeout = 400ms});
  Attacker attacker(victim.port());
  attacker.send(testing::settings({{SettingId::InitialWindowSize, 0}}) + expand(1, "1000000"));
  for (int i = 0; i < 20; ++i) {
    attacker.send(testing::window_update(1, 100));
    attacker.read(50ms);
  }
  EXPECT_EQ(attacker.count(FrameType::RstStream), 0U) << attacker.log();
}

// CVE-2019-9517: windows that are open, and a socket that nobody reads.
TEST(SlowRead, HoldsLittleAndLosesTheConnection) {
  Victim victim({.stall_timeout = 500ms});
  Attacker attacker(victim.port());
  attacker.send(testing::settings({{SettingId::InitialWindowSize, 0x7fffffff}}) +
                testing::window_update(0, 0x7fff0000 - 65535));
  const PeakMemory memory;
  std::string calls;
  for (std::uint32_t id = 1; id < 201; id += 2) calls += expand(id, "100000000");
  attacker.send(calls, Attacker::Reading::No);
  victim.serves_on(50);
  // A message each, at most, beyond what the connection queues.
  EXPECT_LT(memory.bytes(), 16 * kMiB);
  // What the system holds for us can still be read; then there is an end, without a GOAWAY that
  // could have reached us.
  while (!attacker.closed() && victim.server().active_connections() > 1) victim.serves_on(1);
  EXPECT_EQ(victim.server().active_connections(), 1U);
  victim.serves_on(3);  // the handlers whose calls have ended have run by then
  EXPECT_LE(victim.server().active_calls(), 1U);
}

TEST(SlowRead, OfManyClosedWindowsHoldsLittle) {
  Victim victim;
  Attacker attacker(victim.port());
  attacker.send(testing::settings({{SettingId::InitialWindowSize, 0}}));
  const PeakMemory memory;
  std::string calls;
  for (std::uint32_t id = 1; id < 1001; id += 2) calls += expand(id, "100000000");
  attacker.send(calls);
  EXPECT_TRUE(attacker.round_trip()) << attacker.last_words();
  victim.serves_on();
  // One message of 64 KiB for each of 500 calls, and then the next has to wait.
  EXPECT_EQ(victim.target().written, 500U * Target::kPart);
  EXPECT_LT(memory.bytes(), 500 * 140 * 1024);
}

TEST(SlowRead, OfManyClosedWindowsStopsBelowTheBudget) {
  Victim victim({.max_connection_memory = 16 * kMiB});
  Attacker attacker(victim.port());
  attacker.send(testing::settings({{SettingId::InitialWindowSize, 0}}));
  const PeakMemory memory;
  std::string calls;
  for (std::uint32_t id = 1; id < 1001; id += 2) calls += expand(id, "100000000");
  attacker.send(calls);
  EXPECT_TRUE(attacker.round_trip()) << attacker.last_words();
  victim.serves_on();
  EXPECT_LT(victim.target().written, 5 * kMiB);
  EXPECT_LT(memory.bytes(), 16 * kMiB);
}

// CVE-2019-9511: a window that opens by the byte.
TEST(DataDribble, CostsNoMoreThanItsFrames) {
  Victim victim;
  Attacker attacker(victim.port());
  attacker.send(testing::settings({{SettingId::InitialWindowSize, 0}}) +
                testing::window_update(0, 0x7fff0000 - 65535));
  std::string calls;
  for (std::uint32_t id = 1; id < 101; id += 2) calls += expand(id, "1000000");
  attacker.send(calls);
  EXPECT_TRUE(attacker.round_trip()) << attacker.last_words();
  const PeakMemory memory;
  std::string dribble;
  for (std::uint32_t id = 1; id < 101; id += 2) dribble += testing::window_update(id, 1);
  for (int i = 0; i < 20; ++i) {
    attacker.flood(dribble, 20);
    victim.serves_on(1);
  }
  EXPECT_TRUE(attacker.round_trip()) << attacker.last_words();
  EXPECT_LT(memory.bytes(), 16 * kMiB);
}

TEST(Stalled, RequestsWithoutAnEndHoldLittle) {
  Victim victim;
  Attacker attacker(victim.port());
  const PeakMemory memory;
  std::string calls;
  for (std::uint32_t id = 1; id < 2001; id += 2) calls += open_call(id);
  attacker.send(calls);
  EXPECT_TRUE(attacker.round_trip()) << attacker.last_words();
  EXPECT_GE(victim.server().active_calls(), 1000U);
  EXPECT_LT(memory.bytes(), 8 * kMiB);
  attacker.close();
  while (victim.server().active_calls() > 1) victim.serves_on(1);
}

}  // namespace
}  // namespace weft::attacks
