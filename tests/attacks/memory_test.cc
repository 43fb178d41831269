// What a client can make the server hold, against the budgets that bound it.

#include <chrono>
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

/// DATA of many messages of that size, as large as a frame may be.
std::string frame_of(std::uint32_t id, std::size_t message) {
  const std::string one = testing::grpc_message(std::string(message, 'm'));
  return testing::data(id, repeat(one, std::max<std::size_t>(1, 16000 / one.size())));
}

/// Fills the windows of as many streams as there may be with messages that nobody reads.
void fill(Attacker& attacker, std::size_t message, std::uint32_t streams) {
  const std::string probe = frame_of(1, message);
  for (std::uint32_t id = 1; id < 2 * streams; id += 2) {
    if (attacker.closed()) return;
    attacker.send(open_call(id, "/test.Kinds/Collect"));
    // A little less than the stream's window.
    for (std::size_t sent = 0; sent + probe.size() < 250 * 1024; sent += probe.size()) {
      attacker.send(frame_of(id, message));
    }
  }
}

class UnreadMessages : public ::testing::TestWithParam<std::size_t> {};

TEST_P(UnreadMessages, AreHeldUpToTheBudgetOfTheConnection) {
  Victim victim({.max_connection_memory = 16 * kMiB});
  const PeakMemory memory;
  Attacker attacker(victim.port());
  fill(attacker, GetParam(), 300);
  victim.serves_on();
  EXPECT_LT(memory.bytes(), 24 * kMiB);
}

INSTANTIATE_TEST_SUITE_P(OfBytes, UnreadMessages,
                         ::testing::Values(0, 1, 40, 1000, 1500, 9000, 15000),
                         ::testing::PrintToStringParamName());

// Half of the budget is as far as credit goes; a client that keeps to it is held up, not punished.
TEST(UnreadMessages, WithinTheWindowsEndInBackPressure) {
  Victim victim({.max_connection_memory = 16 * kMiB, .max_window = 0});
  Attacker attacker(victim.port());
  EXPECT_TRUE(attacker.round_trip()) << attacker.last_words();
  std::size_t window = 65535;  // the connection's, before the first update
  std::uint32_t id = 1;
  std::size_t sent = 0;
  const std::string part = testing::data(id, testing::grpc_message(std::string(15000, 'm')));
  while (sent < 32 * kMiB) {
    attacker.send(open_call(id, "/test.Kinds/Collect"));
    for (int i = 0; i < 16 && window >= 15005; ++i) {
      attacker.send(testing::data(id, testing::grpc_message(std::string(15000, 'm'))));
      window -= 15005;
      sent += 15005;
    }
    EXPECT_TRUE(attacker.round_trip()) << attacker.last_words();
    while (const Frame* update = attacker.find(FrameType::WindowUpdate, 0, 0ns)) {
      window += http2::read_u32(reinterpret_cast<const std::uint8_t*>(update->payload.data()));
    }
    if (window < 15005) break;
    id += 2;
  }
  // How much of a block a message keeps alive depends on how the bytes arrive.
  EXPECT_GT(sent, 2 * kMiB);
  EXPECT_LT(sent, 11 * kMiB);
  EXPECT_EQ(attacker.count(FrameType::RstStream), 0U);
  victim.serves_on();
}

// What handlers keep is no reason to hold up those who would send more.
TEST(ReadMessages, OfHandlersThatRunHoldUpNoCredit) {
  Victim victim({.max_connection_memory = 16 * kMiB, .max_window = 0});
  Attacker attacker(victim.port());
  for (std::uint32_t id = 1; id < 81; id += 2) {
    // "deaf", and a field that nobody knows of 240 KB.
    const std::string message =
        "\x0a\x04"
        "deaf" +
        hex("1280d30e") + std::string(240000, 'u');
    const std::string framed = testing::grpc_message(message);
    std::string bytes = open_call(id);
    for (std::size_t at = 0; at < framed.size(); at += 16384) {
      bytes += testing::data(id, std::string_view(framed).substr(at, 16384));
    }
    attacker.send(bytes + testing::data(id, {}, EndStream::Yes));
    ASSERT_TRUE(attacker.round_trip()) << attacker.last_words();
  }
  // 9.6 MB are more than half of the budget, and all of their credit came back but the last steps'.
  std::size_t credit = 65535;
  while (const Frame* update = attacker.find(FrameType::WindowUpdate, 0, 0ns)) {
    credit += http2::read_u32(reinterpret_cast<const std::uint8_t*>(update->payload.data()));
  }
  EXPECT_GT(credit, 9'600'000U);
  // Messages as large as these may be parsed by another thread, so their handlers begin later: on a
  // busy machine after any number of round trips.
  const auto end = std::chrono::steady_clock::now() + 60s;
  while (victim.target().deaf != 40 && std::chrono::steady_clock::now() < end) {
    ASSERT_TRUE(attacker.round_trip()) << attacker.last_words();
  }
  EXPECT_EQ(victim.target().deaf, 40);
}

// A prefix of five bytes that announces a message of 4 MiB, and one byte of it.
TEST(AnnouncedMessages, AreHeldUpToTheBudgetOfTheConnection) {
  Victim victim({.max_connection_memory = 16 * kMiB});
  const PeakMemory memory;
  Attacker attacker(victim.port());
  std::string bytes;
  for (std::uint32_t id = 1; id < 2001; id += 2) {
    bytes += open_call(id, "/test.Kinds/Collect") + testing::data(id, hex("0000400000") + "x");
  }
  attacker.send(bytes);
  EXPECT_TRUE(attacker.round_trip()) << attacker.last_words();
  EXPECT_LT(memory.bytes(), 24 * kMiB);
  const Frame* refused = nullptr;
  while ((refused = attacker.find(FrameType::Headers)) != nullptr) {
    if (refused->field("grpc-status") == "8") break;
  }
  ASSERT_NE(refused, nullptr);
  EXPECT_NE(refused->field("grpc-message").find("max_connection_memory"), std::string_view::npos)
      << refused->field("grpc-message");
}

TEST(Metadata, OfManyCallsStaysWithinTheConnectionsBudget) {
  Victim victim({.max_connection_memory = 4 * kMiB});
  const PeakMemory memory;
  Attacker attacker(victim.port());
  const std::string start = block_of(testing::grpc_request("/test.Kinds/Collect"));
  attacker.send(raw_headers(1, start + block_of({{"x", std::string(4000, 'x')}}, true)));
  std::string bytes;
  for (std::uint32_t id = 3; id < 2001; id += 2) {
    bytes += raw_headers(id, start + repeat(hex("be"), 3));
  }
  attacker.send(bytes);
  EXPECT_TRUE(attacker.round_trip()) << attacker.last_words();
  victim.serves_on();
  EXPECT_LT(memory.bytes(), 8 * kMiB);
}

// Each request is answered at once, and the answers are not read.
TEST(UnreadAnswers, StopTheServerFromReadingMore) {
  Victim victim;
  const PeakMemory memory;
  Attacker attacker(victim.port());
  // Acknowledges in time, or a slow machine would see it closed for that.
  attacker.send(testing::settings_ack());
  Attacker::Sent outcome = Attacker::Sent::All;
  for (std::uint32_t id = 1; id < 8'000'001 && outcome == Attacker::Sent::All;) {
    // Each is refused for another text, so that no answer is a repetition and short.
    std::string requests;
    for (int i = 0; i < 256; ++i, id += 2) {
      const std::string timeout = "bad " + std::to_string(id);
      requests += raw_headers(
          id, block_of(testing::grpc_request("/test.Kinds/Unary", {{"grpc-timeout", timeout}})),
          EndStream::Yes);
    }
    outcome = attacker.send(requests, Attacker::Reading::No);
  }
  EXPECT_EQ(outcome, Attacker::Sent::Stalled) << attacker.last_words();
  victim.serves_on();
  EXPECT_LT(memory.bytes(), 16 * kMiB);
  // Once it reads it is served again.
  EXPECT_TRUE(attacker.round_trip()) << attacker.last_words();
}

/// Eight connections that each hold about 5 MiB of unread messages, of 32 MiB for all.
/// On a slow machine, where they arrive in small pieces, they keep three times that alive: the
/// limit of a connection is not to be what is met first.
TEST(ServerMemory, IsRefusedToThoseThatHaveMoreThanTheirShare) {
  Victim victim({.max_connection_memory = 32 * kMiB, .max_memory = 32 * kMiB});
  const PeakMemory memory;
  std::vector<std::unique_ptr<Attacker>> attackers;
  for (int i = 0; i < 8; ++i) {
    attackers.push_back(std::make_unique<Attacker>(victim.port()));
    fill(*attackers.back(), 9000, 20);
    victim.serves_on(3);
  }
  EXPECT_LT(memory.bytes(), 48 * kMiB);
  std::size_t refused = 0;
  for (const auto& attacker : attackers) {
    if (!attacker->round_trip()) ++refused;  // it was sent away as well
    while (const Frame* headers = attacker->find(FrameType::Headers, Attacker::kAnyStream, 0ns)) {
      if (headers->field("grpc-status") != "8") continue;
      ++refused;
      EXPECT_NE(headers->field("grpc-message").find("max_memory"), std::string_view::npos)
          << headers->field("grpc-message");
    }
  }
  EXPECT_GE(refused, 1U);
  victim.serves_on();
}

/// Twenty-four connections that each leave 4 MiB of responses behind closed windows.
TEST(ServerMemory, IsTakenFromThoseThatHaveMost) {
  Victim victim({.threads = 2, .max_connection_memory = 16 * kMiB, .max_memory = 48 * kMiB});
  const PeakMemory memory;
  std::vector<std::unique_ptr<Attacker>> attackers;
  for (int i = 0; i < 24; ++i) {
    attackers.push_back(std::make_unique<Attacker>(victim.port()));
    attackers.back()->send(testing::settings({{SettingId::InitialWindowSize, 0}}));
    for (std::uint32_t id = 1; id < 201; id += 2) {
      attackers.back()->send(open_call(id, "/test.Kinds/Expand") +
                             testing::data(id,
                                           testing::grpc_message("\x0a\x07"
                                                                 "1000000"),
                                           EndStream::Yes));
    }
    // Twice: what the first finds on one loop may send connections of the other away.
    for (int round = 0; round < 2; ++round) {
      for (const auto& attacker : attackers) static_cast<void>(attacker->round_trip());
    }
    victim.serves_on(3);
  }
  victim.serves_on();
  // Blocks are powers of two, which 64 KiB and a prefix just exceed.
  EXPECT_LT(memory.bytes(), 2 * 56 * kMiB);
  std::size_t sent_away = 0;
  for (const auto& attacker : attackers) {
    if (attacker->round_trip()) continue;
    ++sent_away;
    ASSERT_NE(attacker->goaway(), nullptr);
    EXPECT_EQ(attacker->goaway()->error(), ErrorCode::EnhanceYourCalm);
    EXPECT_NE(attacker->last_words().find("max_memory"), std::string::npos)
        << attacker->last_words();
  }
  EXPECT_GE(sent_away, 1U);
  EXPECT_LT(sent_away, 20U);
}

// The variant of resets that no count of resets sees: handlers that take no notice of their
// deadlines go on while their streams make room for the next.
TEST(HandlersOfAbandonedCalls, AreCountedUntilTheyEnd) {
  Victim victim({.max_calls_per_connection = 50});
  Attacker attacker(victim.port());
  std::uint32_t id = 1;
  std::string refusal;
  while (refusal.empty() && id < 1000) {
    std::string bytes;
    const std::uint32_t first = id;
    for (int i = 0; i < 25; ++i, id += 2) {
      bytes += testing::headers(
                   id, testing::grpc_request("/test.Kinds/Unary", {{"grpc-timeout", "50m"}})) +
               testing::data(id,
                             testing::grpc_message("\x0a\x04"
                                                   "deaf"),
                             EndStream::Yes);
    }
    attacker.send(bytes);
    for (std::uint32_t each = first; each < id; each += 2) {
      const Frame* headers = attacker.find(FrameType::Headers, each, 5s);
      ASSERT_NE(headers, nullptr) << attacker.last_words();
      if (headers->field("grpc-status") == "8") refusal = headers->field("grpc-message");
    }
  }
  EXPECT_NE(refusal.find("max_calls_per_connection"), std::string::npos) << refusal;
  EXPECT_LE(victim.target().deaf, 100);
  victim.serves_on();
}

}  // namespace
}  // namespace weft::attacks
