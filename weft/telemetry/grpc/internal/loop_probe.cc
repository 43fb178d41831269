#include "weft/telemetry/grpc/internal/loop_probe.h"

#include <algorithm>
#include <utility>

#include "weft/telemetry/internal/declare.h"

namespace weft::telemetry::internal {
namespace {

// A loop that is idle wakes up for it.
constexpr Duration kPause = std::chrono::seconds(1);

}  // namespace

void LoopProbe::start(net::Loop& loop, std::weak_ptr<const void> wanted, Histogram lag,
                      Counter rounds) {
  loop.post([&loop, wanted = std::move(wanted), lag = std::move(lag),
             rounds = std::move(rounds)]() mutable {
    auto* const probe = new LoopProbe(loop, std::move(wanted), std::move(lag), std::move(rounds));
    loop.at_loop_end(*probe);
    loop.arm(*probe, probe->due_);
  });
}

LoopProbe::LoopProbe(net::Loop& loop, std::weak_ptr<const void> wanted, Histogram lag,
                     Counter rounds)
    : Timer(&LoopProbe::expired),
      loop_(loop),
      wanted_(std::move(wanted)),
      lag_(std::move(lag)),
      rounds_(std::move(rounds)),
      due_(after(loop.now(), kPause)),
      round_(loop.round()) {}

void LoopProbe::expired(net::Timer& timer) noexcept { static_cast<LoopProbe&>(timer).look(); }

void LoopProbe::look() noexcept {
  if (wanted_.expired()) {
    delete this;
    return;
  }
  const TimePoint now = loop_.now();
  lag_.record(seconds(std::max(now - due_, Duration::zero())));
  rounds_.add(loop_.round() - round_);
  round_ = loop_.round();
  due_ = after(now, kPause);
  loop_.arm(*this, due_);
}

}  // namespace weft::telemetry::internal
