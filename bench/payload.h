#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <string>
#include <string_view>

// What a request may ask of an echo server besides its echo: its first bytes say so, so that every
// protocol can carry it.
//
//   "spin" u32   keep the thread busy for so many microseconds of its CPU time; little endian
//   "hold"       do not answer: the call stays pending until its client goes away
namespace bench {

inline constexpr std::string_view kSpin = "spin";
inline constexpr std::string_view kHold = "hold";

/// `size` bytes, at least as many as the command takes.
inline std::string payload_of(std::size_t size, std::uint32_t spin_micros = 0) {
  std::string payload(size, '\0');
  for (std::size_t i = 0; i < size; ++i) payload[i] = static_cast<char>(i % 251);
  if (spin_micros == 0) return payload;
  std::string command(kSpin);
  for (unsigned shift = 0; shift < 32; shift += 8) {
    command.push_back(static_cast<char>(spin_micros >> shift));
  }
  return command.size() < size ? command + payload.substr(command.size()) : command;
}

/// Sizes of messages as they come: each power of two from 16 to `largest` as often as another. The
/// same sequence in every run.
class Sizes {
 public:
  explicit Sizes(std::size_t largest) : largest_(largest) {}
  std::size_t next() {
    constexpr std::size_t kLeast = 16;
    random_ = random_ * 1664525 + 1013904223;
    std::size_t most = kLeast;
    for (std::uint32_t left = random_ >> 8 & 15; left > 0 && most < largest_; --left) most *= 2;
    const std::size_t size = most / 2 + (random_ >> 12) % (most / 2 + 1);
    return size < kLeast ? kLeast : size > largest_ ? largest_ : size;
  }

 private:
  std::size_t largest_;
  std::uint32_t random_ = 42;
};

inline bool asks_to_hold(std::string_view payload) { return payload.starts_with(kHold); }

/// Microseconds that the payload asks to spin for; 0 for the usual payload.
inline std::uint32_t asked_spin(std::string_view payload) {
  if (payload.size() < kSpin.size() + 4 || !payload.starts_with(kSpin)) return 0;
  std::uint32_t micros = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    micros |= std::uint32_t{static_cast<unsigned char>(payload[kSpin.size() + i])} << (8 * i);
  }
  return micros;
}

inline std::int64_t used_cpu_nanos() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

/// So much arithmetic that nothing can shorten it.
inline void compute(std::int64_t steps) {
  std::uint64_t value = 1;
  for (std::int64_t i = 0; i < steps; ++i) {
    value = value * 6364136223846793005U + 1442695040888963407U;
    asm volatile("" : "+r"(value));
  }
}

/// Steps of compute() that take a microsecond here: the most of several short tries.
inline double steps_per_micro() {
  constexpr std::int64_t kSteps = 200'000;
  double most = 0;
  for (int i = 0; i < 20; ++i) {
    const std::int64_t before = used_cpu_nanos();
    compute(kSteps);
    const auto nanos = static_cast<double>(used_cpu_nanos() - before);
    most = std::max(most, static_cast<double>(kSteps) * 1000 / nanos);
  }
  return most;
}

/// Computes for as long where the payload asks for it. An amount of work and not a time: a thread
/// that shares its core has as much to do as one that does not. And without a system call, in which
/// the scheduler would look whether somebody waits: handlers that compute make none.
inline void spin_if_asked(std::string_view payload) {
  const std::uint32_t micros = asked_spin(payload);
  if (micros == 0) return;
  static const double per_micro = steps_per_micro();
  compute(static_cast<std::int64_t>(micros * per_micro));
}

}  // namespace bench
