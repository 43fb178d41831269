#pragma once

#include <memory>
#include <utility>

#include "weft/net/loop/loop.h"
#include "weft/net/loop/timer.h"

namespace weft::rpc {

/// A timer that runs seldom, or only at the beginning: a pointer while it does not, since every
/// connection has some of them. Belongs to its owner's loop.
template <class Owner>
class RareTimer {
 public:
  using Function = void (*)(Owner&) noexcept;

  RareTimer() noexcept = default;
  RareTimer(const RareTimer&) = delete;
  RareTimer& operator=(const RareTimer&) = delete;

  bool armed() const noexcept { return running_ != nullptr; }
  /// Calls `expired(owner)` at `when`, instead of what it was armed for before.
  void arm(Owner& owner, TimePoint when, Function expired) {
    if (running_ == nullptr) running_ = std::make_unique<Running>(*this, owner);
    running_->call = expired;
    owner.loop().arm(*running_, when);
  }
  void cancel() noexcept { running_.reset(); }

 private:
  struct Running : net::Timer {
    Running(RareTimer& rare_timer, Owner& timer_owner) noexcept
        : Timer(&RareTimer::expire), timer(rare_timer), owner(timer_owner) {}
    RareTimer& timer;
    Owner& owner;
    typename RareTimer::Function call = nullptr;
  };
  /// The timer may be armed again meanwhile, and the owner may go.
  static void expire(net::Timer& expired) noexcept {
    auto& timer = static_cast<Running&>(expired).timer;
    const std::unique_ptr<Running> running = std::move(timer.running_);
    running->call(running->owner);
  }

  std::unique_ptr<Running> running_;
};

}  // namespace weft::rpc
