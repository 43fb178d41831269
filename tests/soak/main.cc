// A soak: mixed calls over real sockets through fault proxies, in rounds that take everything down
// at their end, so that what stays behind is seen. ./dev soak [SECONDS]

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/soak/round.h"
#include "tests/soak/usage.h"

namespace weft::soak {
namespace {

using namespace std::chrono_literals;

// What the heap may hold more of after the last round than after the middle one: the caches of the
// threads that live on fill for a while.
constexpr std::size_t kHeapSlack = std::size_t{1} << 20;
constexpr std::uint64_t kRounds = 6;
constexpr double kMiB = 1024 * 1024;

struct Options {
  std::uint64_t seconds = 60;
  std::uint64_t seed = 1;
  std::uint64_t rounds = kRounds;
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
    if (!take(argument, "--seconds=", options.seconds) &&
        !take(argument, "--seed=", options.seed) && !take(argument, "--rounds=", options.rounds)) {
      return false;
    }
  }
  return options.seconds > 0 && options.rounds > 2;
}

std::size_t ended_with(const RoundReport& report, StatusCode code) {
  const auto found = report.totals.by_status.find(code);
  return found == report.totals.by_status.end() ? 0 : found->second;
}

void print_head() {
  std::printf("%5s %8s %8s %8s %8s %8s %8s | %6s %7s %7s %6s %8s | %4s %7s %8s %8s\n", "round",
              "calls", "ok", "cancel", "deadline", "unavail", "other", "restrt", "conns", "cut",
              "silent", "MiB", "fds", "threads", "heap MiB", "RSS MiB");
}

void print(std::uint64_t round, const RoundReport& report, const Usage& usage) {
  const std::size_t ok = ended_with(report, StatusCode::Ok);
  const std::size_t cancelled = ended_with(report, StatusCode::Cancelled);
  const std::size_t late = ended_with(report, StatusCode::DeadlineExceeded);
  const std::size_t unavailable = ended_with(report, StatusCode::Unavailable);
  std::printf(
      "%5llu %8zu %8zu %8zu %8zu %8zu %8zu | %6zu %7llu %7llu %6llu %8.1f | %4zu %7zu %8.2f "
      "%8.1f\n",
      static_cast<unsigned long long>(round), report.totals.calls, ok, cancelled, late, unavailable,
      report.totals.calls - ok - cancelled - late - unavailable, report.restarts,
      static_cast<unsigned long long>(report.connections),
      static_cast<unsigned long long>(report.broken),
      static_cast<unsigned long long>(report.stalled), static_cast<double>(report.bytes) / kMiB,
      usage.descriptors, usage.threads, static_cast<double>(usage.heap) / kMiB,
      static_cast<double>(usage.resident) / kMiB);
  for (const std::string& fault : report.faults) std::printf("      %s\n", fault.c_str());
  std::fflush(stdout);
}

/// What is held once what other threads still have to let go of is gone.
Usage settled(const Usage* before) {
  Usage usage = Usage::now();
  for (int i = 0; i < 150 && before != nullptr; ++i) {
    if (usage.descriptors == before->descriptors && usage.threads == before->threads) break;
    std::this_thread::sleep_for(20ms);
    usage = Usage::now();
  }
  return usage;
}

/// Whether nothing has stayed behind, of what each round has left.
bool same(const std::vector<Usage>& rounds) {
  const Usage& first = rounds.front();
  const Usage& middle = rounds[rounds.size() / 2];
  const Usage& last = rounds.back();
  bool good = true;
  const auto differ = [&](const char* what, std::size_t before, std::size_t after) {
    std::printf("LEFT BEHIND: %s: %zu before, %zu after the last round\n", what, before, after);
    good = false;
  };
  if (last.descriptors != first.descriptors) {
    differ("descriptors", first.descriptors, last.descriptors);
  }
  if (last.threads != first.threads) differ("threads", first.threads, last.threads);
  if (last.heap > middle.heap + kHeapSlack) differ("bytes of heap", middle.heap, last.heap);
  return good;
}

int soak(const Options& options) {
  std::size_t calls = 0;
  std::size_t faults = 0;
  std::vector<Usage> usages;
  print_head();
  for (std::uint64_t i = 0; i < options.rounds; ++i) {
    RoundReport report;
    {
      Round round({.seed = options.seed * kRounds + i,
                   .lasts = Duration(std::chrono::seconds(options.seconds)) /
                            static_cast<std::int64_t>(options.rounds)});
      report = round.run();
    }
    usages.push_back(settled(usages.empty() ? nullptr : &usages.front()));
    print(i + 1, report, usages.back());
    calls += report.totals.calls;
    faults += report.faults.size();
  }
  const bool clean = same(usages);
  std::printf("%zu calls, each ended with a status; %zu faults; %s\n", calls, faults,
              clean && faults == 0 ? "nothing is left behind" : "FAILED");
  return clean && faults == 0 ? 0 : 1;
}

}  // namespace
}  // namespace weft::soak

int main(int count, char** arguments) {
  weft::soak::Options options;
  if (!weft::soak::parse(count, arguments, options)) {
    std::fprintf(stderr, "usage: %s [--seconds=N] [--rounds=N] [--seed=N]\n", arguments[0]);
    return 2;
  }
  return weft::soak::soak(options);
}
