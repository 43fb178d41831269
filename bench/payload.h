#pragma once

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

/// Burns CPU time of this thread where the payload asks for it. CPU time and not the clock's: a
/// thread that shares its core has as much work to do as one that does not.
inline void spin_if_asked(std::string_view payload) {
  const std::uint32_t micros = asked_spin(payload);
  if (micros == 0) return;
  const auto used = [] {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
  };
  const std::int64_t until = used() + micros;
  while (used() < until) {
  }
}

}  // namespace bench
