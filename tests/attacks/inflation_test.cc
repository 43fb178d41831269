// Little traffic that makes much memory or much work: compressed messages, and header fields that
// stand for many.

#include <string>
#include <tuple>

#include "tests/attacks/held_memory.h"
#include "tests/attacks/victim.h"

namespace weft::attacks {
namespace {

using namespace std::chrono_literals;
using http2::FrameType;

constexpr std::size_t kMiB = std::size_t{1024} * 1024;

/// Text of nearly 4 MiB in field 1, compressed: some 150 bytes to a few thousand.
std::string bomb(Compression encoding, std::string_view start = {}) {
  std::string text(start);
  text.resize(4 * kMiB - 100, 'a');
  return compressed(text_field(1, text), encoding);
}

struct Inflation {
  std::string_view name;
  std::string_view path;
  std::string_view start = {};
  int messages = 1;
};

constexpr Inflation kInflations[] = {
    {.name = "Unary", .path = "/test.Kinds/Unary"},
    {.name = "ErrorText", .path = "/test.Kinds/Unary", .start = "error"},
    {.name = "ClientStream", .path = "/test.Kinds/Collect", .messages = 3},
    {.name = "Chat", .path = "/test.Kinds/Chat", .messages = 3},
    {.name = "HealthCheck", .path = "/grpc.health.v1.Health/Check"},
    {.name = "HealthWatch", .path = "/grpc.health.v1.Health/Watch"},
    {.name = "Reflection",
     .path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
     .messages = 3},
    {.name = "OldReflection",
     .path = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
     .messages = 3},
};

class InflatedMessages : public ::testing::TestWithParam<std::tuple<Inflation, Compression>> {};

// Three hundred streams on each of two connections, whose answers are not read.
TEST_P(InflatedMessages, AreHeldUpToTheBudgetOfTheConnection) {
  const auto& [inflation, compression] = GetParam();
  constexpr std::size_t kBudget = 64 * kMiB;
  Victim victim({.max_connection_memory = kBudget});
  const PeakMemory memory;
  const std::string message = bomb(compression, inflation.start);
  std::vector<std::unique_ptr<Attacker>> attackers;
  for (int i = 0; i < 2; ++i) {
    attackers.push_back(std::make_unique<Attacker>(victim.port()));
    for (std::uint32_t id = 1; id < 601; id += 2) {
      std::string bytes = open_compressed(id, inflation.path, compression);
      for (int n = 0; n < inflation.messages; ++n) bytes += testing::data(id, message);
      attackers.back()->send(bytes, Attacker::Reading::No);
    }
  }
  victim.serves_on(30);
  // Beside the budgets: what one message takes while it is inflated and parsed.
  EXPECT_LT(memory.bytes(), 2 * kBudget * 5 / 4 + 16 * kMiB);
}

INSTANTIATE_TEST_SUITE_P(Of, InflatedMessages,
                         ::testing::Combine(::testing::ValuesIn(kInflations),
                                            ::testing::Values(Compression::Gzip,
                                                              Compression::Deflate,
                                                              Compression::Zstd)),
                         [](const auto& info) {
                           return std::string(std::get<0>(info.param).name) + "Of" +
                                  std::string(name_of(std::get<1>(info.param)));
                         });

/// Each of 1700 messages on one stream inflates to 4 MiB, seven gigabytes in all.
TEST(InflatedMessages, OfOneStreamLeaveTheLoopToOthers) {
  Victim victim;
  Attacker attacker(victim.port());
  const std::string message = bomb(Compression::Zstd);
  attacker.send(open_compressed(1, "/test.Kinds/Chat", Compression::Zstd));
  const std::size_t before = victim.answered();
  for (std::size_t sent = 0; sent < 240 * 1024; sent += message.size()) {
    attacker.send(testing::data(1, message), Attacker::Reading::No);
  }
  victim.serves_on(100);
  EXPECT_GT(victim.answered(), before);
}

// A message of nested groups that no type knows: 2 bytes on the wire, some 50 in memory.
TEST(UnknownGroups, AreHeldUpToTheBudgetOfTheConnection) {
  constexpr std::size_t kBudget = 64 * kMiB;
  Victim victim({.max_connection_memory = kBudget});
  const PeakMemory memory;
  Attacker attacker(victim.port());
  // Empty groups of number 3.
  const std::string message = repeat("\x1b\x1c", 100'000);
  const std::string packed = compressed(message, Compression::Zstd);
  for (std::uint32_t id = 1; id < 401; id += 2) {
    attacker.send(open_compressed(id, "/test.Kinds/Chat", Compression::Zstd) +
                      testing::data(id, packed + packed),
                  Attacker::Reading::No);
  }
  victim.serves_on(30);
  // One more is there while it is parsed.
  EXPECT_LT(memory.bytes(), kBudget * 5 / 4 + 24 * kMiB);
}

// Every response would repeat 4 MiB of text in its headers, for which there is no flow control.
TEST(ErrorTexts, OfARequestAreCutToTheLimitOfHeaders) {
  Victim victim;
  Attacker attacker(victim.port());
  attacker.send(open_compressed(1, "/test.Kinds/Unary", Compression::Zstd) +
                testing::data(1, bomb(Compression::Zstd, "error"), EndStream::Yes));
  const Frame* end = attacker.find(FrameType::Headers, 1);
  ASSERT_NE(end, nullptr) << attacker.last_words();
  EXPECT_EQ(end->field("grpc-status"), "3");
  EXPECT_LE(end->field("grpc-message").size(), 16U * 1024);
  EXPECT_NE(end->field("grpc-message").find("(cut"), std::string_view::npos);
}

/// A `-bin` field of commas, each of which is an element with the field's name: in a header block
/// or, kept in the table and referred to by a byte, in each of many.
TEST(BinaryLists, BecomeNoMoreThanTheLimitOfMetadata) {
  Victim victim;
  const PeakMemory memory;
  Attacker attacker(victim.port());
  const std::string start = block_of(testing::grpc_request("/test.Kinds/Collect"));
  const std::string name = std::string(2000, 'n') + "-bin";
  attacker.send(raw_headers(1, start + block_of({{name, std::string(1900, ',')}}, true)));
  std::string bytes;
  for (std::uint32_t id = 3; id < 1901; id += 2) bytes += raw_headers(id, start + hex("be"));
  attacker.send(bytes);
  ASSERT_TRUE(attacker.round_trip()) << attacker.last_words();
  const Frame* refused = attacker.find(FrameType::Headers, 1);
  ASSERT_NE(refused, nullptr);
  EXPECT_EQ(refused->field("grpc-status"), "8");
  EXPECT_NE(refused->field("grpc-message").find("max_metadata_size"), std::string_view::npos)
      << refused->field("grpc-message");
  EXPECT_LT(memory.bytes(), 8 * kMiB);
}

// Whatever allocation fails whose size the client has chosen, its call or connection ends and the
// others go on.
TEST(FailedAllocations, EndTheCallOrTheConnection) {
  if (!counts_memory()) GTEST_SKIP() << "operator new cannot be replaced here; run without TSan";
  // Above the blocks of fixed size that sockets are read into and responses written to.
  constexpr std::size_t kFrom = std::size_t{65} * 1024;
  Victim victim;
  const auto exchange = [&] {
    Attacker attacker(victim.port());
    const std::string large = testing::grpc_message(text_field(1, std::string(300'000, 'a')));
    std::string bytes = open_call(1);
    for (std::size_t at = 0; at < large.size(); at += 16384) {
      bytes += testing::data(1, std::string_view(large).substr(at, 16384));
    }
    bytes += testing::data(1, {}, EndStream::Yes);
    bytes += open_compressed(3, "/test.Kinds/Chat", Compression::Gzip);
    bytes += testing::data(3, bomb(Compression::Gzip), EndStream::Yes);
    bytes += open_compressed(5, "/test.Kinds/Unary", Compression::Zstd);
    bytes += testing::data(5, bomb(Compression::Zstd, "error"), EndStream::Yes);
    attacker.send(bytes);
    // Both end, unless the connection does; large messages wait for turns of their own.
    for (const std::uint32_t id : {1U, 5U}) {
      static_cast<void>(attacker.find(FrameType::Headers, id, 2s));
    }
    static_cast<void>(attacker.round_trip());
  };
  std::size_t failed = 0;
  for (std::size_t number = 0;; ++number) {
    const FailingAllocation failing(kFrom, number);
    exchange();
    victim.serves_on(2);
    if (failing.count() <= number) break;
    ++failed;
  }
  EXPECT_GT(failed, 5U);
}

}  // namespace
}  // namespace weft::attacks
