// Replays seeds of the simulation: ./dev simulate [SEEDS] [FIRST], or weft_simulation --seed=N.

#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

#include "weft/base/log.h"

#include "tests/simulation/world.h"

namespace weft::simulation {
namespace {

struct Options {
  std::uint64_t first = 1;
  std::uint64_t seeds = 100;
  /// Every such seed is run twice, to see that it repeats exactly.
  std::uint64_t repeat_every = 10;
  bool verbose = false;
};

bool take(std::string_view argument, std::string_view name, std::uint64_t& into) {
  if (!argument.starts_with(name)) return false;
  const std::string_view digits = argument.substr(name.size());
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), into);
  return error == std::errc() && end == digits.data() + digits.size();
}

bool parse(int count, char** arguments, Options& options) {
  for (int i = 1; i < count; ++i) {
    const std::string_view argument = arguments[i];
    if (argument == "--verbose") {
      options.verbose = true;
    } else if (take(argument, "--seed=", options.first)) {
      options.seeds = options.repeat_every = 1;
      options.verbose = true;
    } else if (!take(argument, "--first=", options.first) &&
               !take(argument, "--seeds=", options.seeds) &&
               !take(argument, "--repeat-every=", options.repeat_every)) {
      return false;
    }
  }
  return true;
}

Outcome run(std::uint64_t seed) {
  World world(seed);
  return world.run();
}

struct Sum {
  std::size_t calls = 0;
  std::size_t handlers = 0;
  std::map<StatusCode, std::size_t> by_status;
  std::map<std::string, std::size_t> trouble;
  std::uint64_t failed = 0;

  void add(const Outcome& outcome) {
    calls += outcome.totals.calls;
    handlers += outcome.totals.handlers;
    for (const auto& [code, count] : outcome.totals.by_status) by_status[code] += count;
    for (const auto& [what, count] : outcome.trouble) trouble[std::string(what)] += count;
    if (!outcome.faults.empty()) ++failed;
  }
};

void print(const Sum& sum, const Options& options, double seconds) {
  std::printf("%llu seeds from %llu in %.1f s: %zu calls, %zu handlers\n  calls ended:",
              static_cast<unsigned long long>(options.seeds),
              static_cast<unsigned long long>(options.first), seconds, sum.calls, sum.handlers);
  for (const auto& [code, count] : sum.by_status) {
    std::printf(" %s %zu", std::string(name_of(code)).c_str(), count);
  }
  std::printf("\n  trouble:");
  for (const auto& [what, count] : sum.trouble) std::printf(" %s %zu", what.c_str(), count);
  std::printf("\n");
}

/// Whether the seed held; says on stdout what did not.
bool report(const Outcome& outcome, const Options& options) {
  const auto seed = static_cast<unsigned long long>(outcome.seed);
  // Flushed, so that a run that crashes tells which seed was the last that did not.
  if (options.verbose || !outcome.faults.empty()) {
    const std::string lasted = to_string(outcome.lasted);
    std::printf("seed %llu: %zu calls, %zu handlers, %s of virtual time, trace %016llx\n", seed,
                outcome.totals.calls, outcome.totals.handlers, lasted.c_str(),
                static_cast<unsigned long long>(outcome.trace_hash));
  }
  for (const std::string& fault : outcome.faults) std::printf("  %s\n", fault.c_str());
  if (!outcome.faults.empty()) {
    std::printf("seed %llu FAILED; replay it with: ./dev simulate 1 %llu\n", seed, seed);
  }
  std::fflush(stdout);
  return outcome.faults.empty();
}

int main(const Options& options) {
  const auto begun = std::chrono::steady_clock::now();
  Sum sum;
  for (std::uint64_t i = 0; i < options.seeds; ++i) {
    const std::uint64_t seed = options.first + i;
    Outcome outcome = run(seed);
    if (options.repeat_every != 0 && i % options.repeat_every == 0) {
      const std::uint64_t again = run(seed).trace_hash;
      if (again != outcome.trace_hash) outcome.faults.emplace_back("is not repeated exactly");
    }
    sum.add(outcome);
    report(outcome, options);
  }
  const std::chrono::duration<double> lasted = std::chrono::steady_clock::now() - begun;
  print(sum, options, lasted.count());
  if (sum.failed == 0) return 0;
  std::printf("%llu seeds FAILED\n", static_cast<unsigned long long>(sum.failed));
  return 1;
}

}  // namespace
}  // namespace weft::simulation

int main(int count, char** arguments) {
  weft::simulation::Options options;
  if (!weft::simulation::parse(count, arguments, options)) {
    std::fprintf(stderr,
                 "usage: %s [--seed=N | --first=N --seeds=COUNT] [--repeat-every=COUNT] "
                 "[--verbose]\n",
                 arguments[0]);
    return 2;
  }
  return weft::simulation::main(options);
}
