#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace bench {

/// The load that a client program is told to make: the same flags for every protocol.
struct Plan {
  /// `host:port`.
  std::string target;
  /// Connections, and calls (or streams) under way on each.
  std::size_t connections = 1;
  std::size_t outstanding = 1;
  /// Threads of the client, where it has a choice.
  std::size_t threads = 1;
  /// Bytes of payload.
  std::size_t bytes = 64;
  /// Bidirectional streams instead of unary calls, and messages under way on each stream.
  bool stream = false;
  std::size_t messages = 1;

  /// Seconds of load before the measurement, and of the measurement.
  double warm_up = 0.3;
  double seconds = 1;
  /// Instead of a time: this many calls, all of them measured.
  std::uint64_t calls = 0;

  /// Open loop: calls per second that become due whether or not earlier ones have been answered; 0
  /// for the closed loop.
  double rate = 0;
  /// Microseconds of CPU that every call costs the server's handler.
  std::uint32_t spin_micros = 0;
  /// One call in so many, chosen at random, costs `slow_micros` instead; 0 for none.
  std::uint32_t slow_every = 0;
  std::uint32_t slow_micros = 5000;
  /// Deadline of a call in milliseconds; 0 for none.
  std::uint32_t timeout_ms = 0;
  /// Messages of a stream have from 16 to `bytes` bytes, small ones more often.
  bool sizes_differ = false;
  /// perf.Documents/Echo with documents of `bytes` bytes instead of perf.Echo/Unary.
  bool document = false;
  /// "gzip", "zstd": what requests are compressed with; empty: nothing.
  std::string compression;
  /// Each channel calls so many instances in turn: the target's port at 127.0.0.1, 127.0.0.2 and
  /// on.
  std::size_t instances = 1;
  /// A call that fails is tried again, as often as a budget allows.
  bool retries = false;
  /// Each call has the headers of ProductionHeaders.
  bool production = false;
  std::uint64_t seed = 1;

  /// Microseconds for which a client that has nothing to do looks for work before it sleeps, where
  /// it can.
  std::uint32_t poll_micros = 0;

  /// PEM file of the certificate to trust; then the client speaks TLS.
  std::string tls_ca;
  /// Process whose CPU time is measured over the same window; 0 for none.
  int server_pid = 0;

  /// All instances, behind `scheme` where there are several.
  std::string instances_behind(std::string_view scheme) const;
  std::string host() const { return target.substr(0, target.rfind(':')); }
  std::uint16_t port() const;
};

/// Reads the plan from the command line, or ends the program with what is wrong with it.
Plan read_plan(const char* description, int argc, char* argv[]);

}  // namespace bench
