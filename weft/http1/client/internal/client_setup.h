#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "weft/base/fork_mutex.h"
#include "weft/base/result.h"
#include "weft/http1/client/client_options.h"
#include "weft/net/tls/tls.h"

namespace weft::http1 {

/// What a client's parts on its loops have in common. From any thread.
class ClientSetup {
 public:
  explicit ClientSetup(ClientOptions from);
  ClientSetup(const ClientSetup&) = delete;
  ClientSetup& operator=(const ClientSetup&) = delete;

  /// Of the first https request on: loading the system's certificates takes its time.
  Result<std::shared_ptr<net::TlsClientContext>> tls() const;

  const ClientOptions options;
  const std::string user_agent;
  const std::string accept_encoding;
  /// Not OK: options that cannot be followed; what every request is told.
  const Status unusable;

  // ClientStats
  mutable std::atomic<std::uint64_t> connections{0};
  mutable std::atomic<std::uint64_t> reuses{0};
  mutable std::atomic<std::uint64_t> repeats{0};
  mutable std::atomic<std::uint64_t> unasked{0};

 private:
  mutable ForkMutex mutex_;
  mutable std::shared_ptr<net::TlsClientContext> tls_;  // guarded by the mutex
};

/// Counts one more, for statistics that nothing is ordered by.
inline void count(std::atomic<std::uint64_t>& counter) noexcept {
  counter.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace weft::http1
