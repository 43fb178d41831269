#pragma once

#include <cstdint>

namespace bench {

/// What a run has used so far; two of them make a difference.
struct Counters {
  double client_cpu = 0;  // seconds
  double server_cpu = 0;  // seconds; 0 without a process to look at
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;

  /// Of this process and of the process `server` (0: none), and of all TCP connections that this
  /// process has to `port`.
  static Counters now(int server, std::uint16_t port);
};

}  // namespace bench
