// Health and reflection, which every server offers to everybody: requests of a few bytes that are
// meant to cost much.

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "weft/rpc/services/health.h"

#include "tests/attacks/held_memory.h"
#include "tests/attacks/victim.h"

namespace weft::attacks {
namespace {

using namespace std::chrono_literals;
using http2::FrameType;
using http2::SettingId;
using std::chrono::steady_clock;

constexpr std::size_t kMiB = std::size_t{1024} * 1024;
const std::string kWatch = "/grpc.health.v1.Health/Watch";
const std::string kReflection = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";

std::string request(std::uint32_t id, const std::string& path, std::string_view message) {
  return open_call(id, path) + testing::data(id, testing::grpc_message(message), EndStream::Yes);
}

/// Reads until so many calls were refused with RESOURCE_EXHAUSTED.
void expect_refused(Attacker& attacker, std::size_t calls) {
  for (std::size_t refused = 0; refused < calls;) {
    const Frame* const headers = attacker.find(FrameType::Headers);
    ASSERT_NE(headers, nullptr) << refused << " of " << calls << ' ' << attacker.last_words();
    if (headers->field("grpc-status") == "8") ++refused;
  }
}

TEST(HealthWatches, OfManyConnectionsEndWithoutHoldingUpOthers) {
  Victim victim;
  const PeakMemory memory;
  std::vector<std::unique_ptr<Attacker>> attackers;
  for (int i = 0; i < 100; ++i) {
    attackers.push_back(std::make_unique<Attacker>(victim.port()));
    std::string bytes;
    for (std::uint32_t id = 1; id < 2001; id += 2) {
      bytes += request(id, kWatch, text_field(1, i % 2 == 0 ? "" : "name " + std::to_string(id)));
    }
    attackers.back()->send(bytes);
    expect_refused(*attackers.back(), 1000 - kMaxHealthWatchesPerConnection);
  }
  EXPECT_LT(memory.bytes(), 100 * kMiB);
  victim.serves_on();
  const auto begun = steady_clock::now();
  for (const auto& attacker : attackers) attacker->close();
  victim.serves_on();
  EXPECT_LT(steady_clock::now() - begun, 3s);
}

TEST(HealthWatches, AreToldInBatchesSoThatOthersAreServed) {
  Victim victim;
  std::vector<std::unique_ptr<Attacker>> attackers;
  for (int i = 0; i < 50; ++i) {
    attackers.push_back(std::make_unique<Attacker>(victim.port()));
    std::string bytes;
    for (std::uint32_t id = 1; id < 201; id += 2) {
      bytes += request(id, kWatch, text_field(1, "a.B"));
    }
    attackers.back()->send(bytes);
    ASSERT_TRUE(attackers.back()->round_trip()) << attackers.back()->last_words();
  }
  bool serving = false;
  victim.outlive([&] { victim.server().set_serving("a.B", serving = !serving); });
}

/// A message of 4 MiB of one letter in some hundred bytes.
std::string bomb(int field_number) {
  return compressed(text_field(field_number, std::string(4 * kMiB - 16, 'x')), Compression::Zstd);
}

struct Bombed {
  const char* name;
  std::string path;
  int field_number;
};
void PrintTo(const Bombed& bombed, std::ostream* out) { *out << bombed.path; }

class SmallServices : public ::testing::TestWithParam<Bombed> {};

TEST_P(SmallServices, RefuseRequestsThatUnpackToMuch) {
  Victim victim;
  const PeakMemory memory;
  const std::string message = bomb(GetParam().field_number);
  const auto fields = testing::grpc_request(GetParam().path, {{"grpc-encoding", "zstd"}});
  std::vector<std::unique_ptr<Attacker>> attackers;
  for (int i = 0; i < 10; ++i) {
    attackers.push_back(std::make_unique<Attacker>(victim.port()));
    std::string bytes = testing::settings({{SettingId::InitialWindowSize, 0}});
    for (std::uint32_t id = 1; id < 601; id += 2) {
      bytes += testing::headers(id, fields) + testing::data(id, message, EndStream::Yes);
    }
    attackers.back()->send(bytes);
    expect_refused(*attackers.back(), 300);
  }
  victim.serves_on();
  EXPECT_LT(memory.bytes(), 24 * kMiB);
}

INSTANTIATE_TEST_SUITE_P(Of, SmallServices,
                         ::testing::Values(Bombed{"Check", "/grpc.health.v1.Health/Check", 1},
                                           Bombed{"Watch", kWatch, 1},
                                           Bombed{"List", "/grpc.health.v1.Health/List", 15},
                                           Bombed{"Host", kReflection, 1},
                                           Bombed{"File", kReflection, 3},
                                           Bombed{"Symbol", kReflection, 4}),
                         [](const auto& info) { return info.param.name; });

// The first answer waits for the window, and each further one for the first.
TEST(ReflectionAnswers, ThatNobodyReadsHoldNoCopiesOfFiles) {
  Victim victim;
  Attacker attacker(victim.port());
  attacker.send(testing::settings({{SettingId::InitialWindowSize, 0}}));
  const std::string ask = testing::grpc_message(text_field(3, "google/protobuf/descriptor.proto"));
  const auto ask_on_each = [&](bool open) {
    std::string bytes;
    for (std::uint32_t id = 1; id < 2001; id += 2) {
      bytes += (open ? open_call(id, kReflection) : "") + testing::data(id, ask);
    }
    attacker.send(bytes);
    EXPECT_TRUE(attacker.round_trip()) << attacker.last_words();
    victim.serves_on();
  };
  ask_on_each(true);
  const PeakMemory memory;
  ask_on_each(false);
  // A thousand copies would be some 7 MiB.
  EXPECT_LT(memory.bytes(), 2 * kMiB);
}

// Protobuf looks up a name of n parts n times.
TEST(ReflectionQuestions, OfManyPartsCostLittle) {
  Victim victim;
  Attacker attacker(victim.port());
  const std::string ask = testing::grpc_message(text_field(4, repeat("a.", 250)));
  std::uint32_t id = 1;
  victim.outlive([&] {
    attacker.send(open_call(id, kReflection) + testing::data(id, repeat(ask, 100), EndStream::Yes));
    EXPECT_TRUE(attacker.round_trip()) << attacker.last_words();
    id += 2;
  });
}

}  // namespace
}  // namespace weft::attacks
