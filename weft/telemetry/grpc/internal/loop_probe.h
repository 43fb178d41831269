#pragma once

#include <cstdint>
#include <memory>

#include "weft/net/loop/loop.h"
#include "weft/telemetry/metrics/families.h"

namespace weft::telemetry::internal {

/// Looks once a second how late a timer of a loop runs, and how many rounds the loop has made.
/// Lives on the loop until that ends, or whoever wanted to know has gone.
class LoopProbe final : private net::Timer, private net::LoopEndHook {
 public:
  /// From any thread. It ends when `wanted` has.
  static void start(net::Loop& loop, std::weak_ptr<const void> wanted, Histogram lag,
                    Counter rounds);

 private:
  LoopProbe(net::Loop& loop, std::weak_ptr<const void> wanted, Histogram lag, Counter rounds);
  ~LoopProbe() = default;
  static void expired(net::Timer& timer) noexcept;
  void look() noexcept;
  void on_loop_end() noexcept override { delete this; }

  net::Loop& loop_;
  const std::weak_ptr<const void> wanted_;
  const Histogram lag_;
  const Counter rounds_;
  TimePoint due_;
  std::uint32_t round_;
};

}  // namespace weft::telemetry::internal
