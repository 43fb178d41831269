#include "tools/weft/bench/bench_flags.h"

#include <string>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <gmock/gmock.h>

#include "tools/weft/bench/test_schema.h"

namespace weft::cli::bench {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

/// Parses what stands behind `weft bench`; the error, or nothing.
std::string parse(std::vector<std::string> arguments, BenchFlags& flags) {
  CLI::App app;
  add_bench_flags(app, flags);
  std::reverse(arguments.begin(), arguments.end());
  try {
    app.parse(arguments);
  } catch (const CLI::ParseError& error) {
    return error.what();
  }
  return std::string(check_bench_flags(flags).message());
}

std::string error_of(const std::vector<std::string>& rest) {
  BenchFlags flags;
  std::vector<std::string> arguments{":1", "a.B/C"};
  arguments.insert(arguments.end(), rest.begin(), rest.end());
  return parse(arguments, flags);
}

TEST(BenchFlags, SayWhatARunDoes) {
  BenchFlags flags;
  EXPECT_EQ(parse({":1", "a.B/C=2", "a.B/D",  "-c",   "8",        "-m",        "32",
                   "-n", "10k",     "--rate", "2.5k", "--warmup", "1s",        "--threads",
                   "2",  "-d",      "{}",     "-d",   "D={}",     "--backlog", "1M"},
                  flags),
            "");
  EXPECT_EQ(flags.methods.size(), 2U);
  EXPECT_EQ(flags.data.size(), 2U);
  const LoadPlan plan = flags.plan();
  EXPECT_EQ(plan.target, "localhost:1");
  EXPECT_EQ(plan.connections, 8U);
  EXPECT_EQ(plan.streams, 32U);
  EXPECT_EQ(plan.calls, 10'000U);
  EXPECT_EQ(plan.duration, kForever);
  EXPECT_EQ(plan.rate, 2500);
  EXPECT_EQ(plan.warmup, 1s);
  EXPECT_EQ(plan.max_backlog, 1'000'000U);
}

TEST(BenchFlags, MeanTenSecondsWithoutAnEnd) {
  BenchFlags flags;
  EXPECT_EQ(parse({":1", "a.B/C"}, flags), "");
  EXPECT_EQ(flags.plan().duration, 10s);
  EXPECT_EQ(flags.plan().calls, UINT64_MAX);
}

TEST(BenchFlags, MayGiveBothEnds) {
  BenchFlags flags;
  EXPECT_EQ(parse({":1", "a.B/C", "-n", "5", "-z", "3s"}, flags), "");
  EXPECT_EQ(flags.plan().duration, 3s);
  EXPECT_EQ(flags.plan().calls, 5U);
}

TEST(BenchFlags, RefuseWhatIsNoCount) {
  EXPECT_THAT(error_of({"-n", "0"}), HasSubstr("-n: '0' is not a whole number from 1 to"));
  EXPECT_THAT(error_of({"-c", "many"}), HasSubstr("-c: 'many' is not"));
  EXPECT_THAT(error_of({"-m", "-1"}), HasSubstr("-m: '-1' is not"));
  EXPECT_THAT(error_of({"-c", "1G"}), HasSubstr("-c: '1G' is not a whole number from 1 to 100000"));
  EXPECT_THAT(error_of({"--rate", "0"}), HasSubstr("--rate: '0' is not calls per second"));
  EXPECT_THAT(error_of({"--rate", "fast"}), HasSubstr("--rate: 'fast'"));
  EXPECT_THAT(error_of({"-z", "10"}), HasSubstr("-z: '10' is not a time"));
}

TEST(BenchFlags, RefuseWhatCannotBeDoneTogether) {
  EXPECT_THAT(error_of({"--threads", "3", "-c", "2"}),
              HasSubstr("--threads 3 with -c 2: a connection belongs to one thread"));
  EXPECT_THAT(error_of({"-n", "1", "--threads", "2", "-c", "2"}),
              HasSubstr("-n 1 with --threads 2"));
  EXPECT_THAT(error_of({"a.B/D", "--stream"}), HasSubstr("--stream measures one method"));
}

TEST(BenchFlags, RefuseStreamsOfMethodsThatHaveNone) {
  const Schema schema = test_schema();
  BenchFlags flags;
  flags.stream = true;
  const auto check = [&](const std::string& method) {
    const Result<CallMix> mix = CallMix::create(schema, shares({"test.Kinds/" + method}), {});
    return std::string(check_kinds(flags, *mix).message());
  };
  EXPECT_THAT(check("Unary"), HasSubstr("test.Kinds/Unary takes and gives no stream"));
  EXPECT_EQ(check("Chat"), "");
  EXPECT_EQ(check("Expand"), "");
  flags.rate = 5;
  EXPECT_THAT(check("Expand"), HasSubstr("--rate: the messages of test.Kinds/Expand come when"));
  EXPECT_EQ(check("Collect"), "");
}

}  // namespace
}  // namespace weft::cli::bench
