#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "weft/base/time.h"
#include "weft/net/tls.h"
#include "weft/rpc/call/metadata.h"

namespace weft::interop {

/// How the soak cases run; the names of the flags are gRPC's.
struct SoakOptions {
  int iterations = 10;
  int max_failures = 0;
  /// An iteration that takes longer has failed.
  Duration max_latency = std::chrono::milliseconds(1000);
  Duration overall_timeout = std::chrono::seconds(10);
  /// Between the starts of two iterations of a thread.
  Duration min_interval{0};
  int request_size = 271828;
  int response_size = 314159;
  /// Sequences of iterations beside each other; here coroutines.
  int threads = 1;
};

struct ClientOptions {
  std::string target;
  /// `:authority`, and with TLS the server's name; empty: as the target says.
  std::string authority;
  /// None: plain text.
  std::optional<net::TlsClientOptions> tls;
  /// Sent with every call.
  Metadata metadata;
  /// Calls at a time in concurrent_large_unary.
  std::size_t concurrent_calls = 1000;
  SoakOptions soak;
};

}  // namespace weft::interop
