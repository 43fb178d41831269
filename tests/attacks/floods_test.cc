// Frames that cost their sender little and the server something, in great numbers.

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
// Far more than any limit lets through.
constexpr std::size_t kMany = 2'000'000;

// CVE-2024-27316 and its kin.
TEST(ContinuationFlood, OfBytesIsCutOff) {
  Victim victim;
  const PeakMemory memory;
  victim.outlive([&] {
    Attacker attacker(victim.port());
    attacker.send(open_headers(1, block_of(testing::grpc_request("/test.Kinds/Unary"))));
    attacker.flood(continuation(1, block_of({{"x-filler", std::string(8000, 'x')}}), false), kMany);
    expect_sent_away(attacker, ErrorCode::EnhanceYourCalm, "header block");
  });
  EXPECT_LT(memory.bytes(), 4 * kMiB);
}

TEST(ContinuationFlood, OfEmptyFramesIsCutOff) {
  Victim victim;
  victim.outlive([&] {
    Attacker attacker(victim.port());
    attacker.send(open_headers(1, block_of(testing::grpc_request("/test.Kinds/Unary"))));
    attacker.flood(continuation(1, {}, false), kMany);
    expect_sent_away(attacker, ErrorCode::EnhanceYourCalm, "CONTINUATION");
  });
}

TEST(ContinuationFlood, OfTinyFramesIsCutOff) {
  Victim victim;
  victim.outlive([&] {
    Attacker attacker(victim.port());
    attacker.send(open_headers(1, block_of(testing::grpc_request("/test.Kinds/Unary"))));
    attacker.flood(continuation(1, hex("82"), false), kMany);
    expect_sent_away(attacker, ErrorCode::EnhanceYourCalm, "CONTINUATION");
  });
}

TEST(ContinuationFlood, OnAStreamThatIsDoneIsCutOff) {
  Victim victim;
  Attacker attacker(victim.port());
  attacker.send(call(1));
  ASSERT_NE(attacker.find(FrameType::Data, 1), nullptr);
  attacker.send(open_headers(3, block_of(testing::grpc_request("/none/None")), EndStream::Yes));
  attacker.flood(continuation(3, {}, false), kMany);
  expect_sent_away(attacker, ErrorCode::EnhanceYourCalm, "CONTINUATION");
}

// CVE-2019-9512, by a client that reads its answers.
TEST(PingFlood, IsCutOff) {
  Victim victim({.min_ping_interval = 4min});
  victim.outlive([&] {
    Attacker attacker(victim.port());
    attacker.flood(testing::ping(), kMany);
    expect_sent_away(attacker, ErrorCode::EnhanceYourCalm, "too_many_pings");
  });
}

// The same where the server's own limit of pings does not apply.
TEST(PingFlood, WithoutReadingIsCutOffByItsUnreadAnswers) {
  Victim victim;
  const PeakMemory memory;
  Attacker attacker(victim.port());
  attacker.flood(testing::ping(), kMany, Attacker::Reading::No);
  // A GOAWAY that could reach it comes behind what it does not read.
  EXPECT_TRUE(attacker.wait_closed());
  EXPECT_LT(memory.bytes(), 8 * kMiB);
}

// CVE-2019-9515.
TEST(SettingsFlood, OfEmptyFramesIsCutOff) {
  Victim victim;
  victim.outlive([&] {
    Attacker attacker(victim.port());
    attacker.flood(testing::settings(), kMany);
    expect_sent_away(attacker, ErrorCode::EnhanceYourCalm, "SETTINGS");
  });
}

TEST(SettingsFlood, ThatMovesEveryStreamsWindowIsCutOff) {
  Victim victim;
  victim.outlive([&] {
    Attacker attacker(victim.port());
    std::string calls;
    for (std::uint32_t id = 1; id < 1001; id += 2) calls += open_call(id, "/test.Kinds/Collect");
    attacker.send(calls);
    attacker.flood(testing::settings({{SettingId::InitialWindowSize, 1}}) +
                       testing::settings({{SettingId::InitialWindowSize, 65535}}),
                   kMany);
    expect_sent_away(attacker, ErrorCode::EnhanceYourCalm, "SETTINGS");
  });
}

TEST(SettingsFlood, OfAcknowledgementsDoesNotReachTheOthers) {
  Victim victim;
  Attacker attacker(victim.port());
  victim.outlive([&] { attacker.flood(testing::settings_ack(), 2000); });
}

// CVE-2019-9518.
TEST(EmptyDataFlood, IsCutOff) {
  Victim victim;
  victim.outlive([&] {
    Attacker attacker(victim.port());
    attacker.send(open_call(1, "/test.Kinds/Chat"));
    attacker.flood(testing::data(1, {}), kMany);
    expect_sent_away(attacker, ErrorCode::EnhanceYourCalm, "carried nothing");
  });
}

TEST(EmptyDataFlood, OfPaddingOnlyIsCutOff) {
  Victim victim;
  victim.outlive([&] {
    Attacker attacker(victim.port());
    attacker.send(open_call(1, "/test.Kinds/Chat"));
    const std::string padded = testing::frame(FrameType::Data, http2::flag::kPadded, 1, hex("00"));
    attacker.flood(padded, kMany);
    expect_sent_away(attacker, ErrorCode::EnhanceYourCalm, "carried nothing");
  });
}

// CVE-2019-9513, the "resource loop": there is no tree of priorities to shuffle.
TEST(PriorityFlood, IsCutOff) {
  Victim victim;
  victim.outlive([&] {
    Attacker attacker(victim.port());
    std::string shuffle;
    for (std::uint32_t id = 1; id < 99; id += 2) shuffle += priority(id, id + 2);
    attacker.flood(shuffle, kMany / 50);
    expect_sent_away(attacker, ErrorCode::EnhanceYourCalm, "carried nothing");
  });
}

TEST(WindowUpdateFlood, OnAStreamIsCutOff) {
  Victim victim;
  victim.outlive([&] {
    Attacker attacker(victim.port());
    attacker.send(open_call(1, "/test.Kinds/Chat"));
    attacker.flood(testing::window_update(1, 1), kMany);
    expect_sent_away(attacker, ErrorCode::EnhanceYourCalm, "carried nothing");
  });
}

TEST(WindowUpdateFlood, OnTheConnectionIsCutOff) {
  Victim victim;
  victim.outlive([&] {
    Attacker attacker(victim.port());
    attacker.flood(testing::window_update(0, 1), kMany);
    expect_sent_away(attacker, ErrorCode::EnhanceYourCalm, "carried nothing");
  });
}

TEST(WindowUpdateFlood, OnAClosedStreamIsCutOff) {
  Victim victim;
  victim.outlive([&] {
    Attacker attacker(victim.port());
    attacker.send(call(1));
    ASSERT_NE(attacker.find(FrameType::Data, 1), nullptr);
    attacker.flood(testing::window_update(1, 1), kMany);
    expect_sent_away(attacker, ErrorCode::EnhanceYourCalm, "carried nothing");
  });
}

TEST(WindowUpdateFlood, IsNotWhatALongDownloadSends) {
  Victim victim;
  Attacker attacker(victim.port());
  attacker.send(open_call(1, "/test.Kinds/Expand") +
                testing::data(1,
                              testing::grpc_message("\x0a\x08"
                                                    "67108864"),
                              EndStream::Yes));
  // Both windows, in small steps, as often as DATA comes.
  std::size_t updates = 0;
  while (attacker.find(FrameType::Data, 1) != nullptr) {
    attacker.send(repeat(testing::window_update(0, 4096) + testing::window_update(1, 4096), 4));
    updates += 8;
    if (updates > 30000) break;
  }
  EXPECT_GT(updates, 20000U) << attacker.last_words();
  EXPECT_TRUE(attacker.round_trip()) << attacker.last_words();
}

// CVE-2019-9514, on streams that are gone: each such frame could be answered.
TEST(ResetFlood, OfAClosedStreamIsCutOff) {
  Victim victim;
  victim.outlive([&] {
    Attacker attacker(victim.port());
    attacker.send(call(1));
    ASSERT_NE(attacker.find(FrameType::Data, 1), nullptr);
    attacker.flood(testing::rst_stream(1, ErrorCode::Cancel), kMany);
    expect_sent_away(attacker, ErrorCode::EnhanceYourCalm, "carried nothing");
  });
}

TEST(ResetFlood, ThatIsToBeAnsweredHoldsNothing) {
  Victim victim;
  const PeakMemory memory;
  Attacker attacker(victim.port());
  attacker.send(open_call(1) + testing::rst_stream(1, ErrorCode::Cancel));
  // The first is answered; the others may have been on their way before that was seen.
  victim.outlive([&] { attacker.flood(testing::data(1, "x"), 10000, Attacker::Reading::No); });
  EXPECT_TRUE(attacker.round_trip()) << attacker.last_words();
  EXPECT_EQ(attacker.count(FrameType::RstStream), 1U);
  EXPECT_LT(memory.bytes(), 8 * kMiB);
}

TEST(UnknownFrameFlood, IsCutOff) {
  Victim victim;
  victim.outlive([&] {
    Attacker attacker(victim.port());
    attacker.flood(testing::frame(static_cast<FrameType>(0x42), 0, 0, "whatever"), kMany);
    expect_sent_away(attacker, ErrorCode::EnhanceYourCalm, "carried nothing");
  });
}

TEST(StreamFlood, BeyondTheLimitIsRefusedAndThenCutOff) {
  Victim victim({.max_calls_per_connection = 100});
  victim.outlive([&] {
    Attacker attacker(victim.port());
    attacker.round_trip();
    attacker.send(testing::settings_ack());
    std::string bytes;
    for (std::uint32_t id = 1; id < 8001; id += 2) bytes += open_call(id, "/test.Kinds/Collect");
    attacker.send(bytes);
    expect_sent_away(attacker, ErrorCode::EnhanceYourCalm, "reset");
  });
}

}  // namespace
}  // namespace weft::attacks
