#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "weft/base/intrusive_list.h"
#include "weft/net/loop_thread.h"
#include "weft/net/socket/fault_stream.h"

#include "tests/simulation/dice.h"

namespace weft::soak {

/// What the proxies of a run have done; from any thread.
struct ProxyCounts {
  std::atomic<std::uint64_t> connections{0};
  /// Cut off in the middle, by a fault stream or because the other side was.
  std::atomic<std::uint64_t> broken{0};
  /// Left standing without a byte more.
  std::atomic<std::uint64_t> stalled{0};
  std::atomic<std::uint64_t> bytes{0};
};

/// A TCP proxy on a loop of its own that passes bytes between a client and a server through fault
/// streams: in odd pieces, late, and on some connections only up to a byte at which it cuts both
/// sides or falls silent. Neither side knows that it is there.
class FaultProxy {
 public:
  FaultProxy(std::uint64_t seed, ProxyCounts& counts);
  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;
  ~FaultProxy();

  std::uint16_t port() const noexcept { return port_; }
  /// Where connections go from now on; from any thread.
  void set_target(std::uint16_t port) noexcept { target_ = port; }

 private:
  class Passage;
  Task<> open();
  Task<> close();
  void accept(std::unique_ptr<net::Accepted> accepted);
  net::FaultOptions draw_faults();

  net::LoopThread thread_;
  simulation::Dice dice_;
  ProxyCounts& counts_;
  std::atomic<std::uint16_t> target_{0};
  std::uint16_t port_ = 0;
  // Of the loop's thread.
  std::unique_ptr<net::Listener> listener_;
  IntrusiveList<Passage> passages_;
};

}  // namespace weft::soak
