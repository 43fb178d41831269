#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "weft/base/time.h"
#include "weft/cluster/endpoints/endpoint.h"

namespace weft::cluster {

/// An endpoint as the calls of one loop see it: whether it can take calls, and how many it has.
/// Owned by the channel's part on the loop; balancers refer to it from one update() to the next.
class Member {
 public:
  /// What a balancer keeps with a member; gone with the member or the balancer.
  struct State {
    virtual ~State() = default;
  };

  explicit Member(Endpoint endpoint) : endpoint_(std::move(endpoint)), id_(next_id()) {}
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;
  virtual ~Member() = default;

  const Endpoint& endpoint() const noexcept { return endpoint_; }
  /// Unlike that of any other member of this process, at any time.
  std::uint64_t id() const noexcept { return id_; }
  /// Calls under way.
  std::uint32_t outstanding() const noexcept { return outstanding_; }
  /// Whether it may be picked: connected, and neither unhealthy nor ejected (or too many are).
  bool available() const noexcept { return available_; }
  /// Since when, without a break; for slow start.
  TimePoint available_since() const noexcept { return available_since_; }

  std::unique_ptr<State> balancer_state;

  // For its owner and for outlier detection.

  void set_endpoint(Endpoint endpoint) { endpoint_ = std::move(endpoint); }
  void call_begins() noexcept { ++outstanding_; }
  void call_ends() noexcept { --outstanding_; }
  void set_available(bool available, TimePoint now) noexcept {
    if (available && !available_) available_since_ = now;
    available_ = available;
  }
  /// By outlier detection; the owner turns it into availability.
  bool ejected() const noexcept { return ejected_; }
  void set_ejected(bool ejected) noexcept { ejected_ = ejected; }
  /// Whether it has returned from ejection and is to have one call at a time, until some have
  /// succeeded. Set by outlier detection, respected by balancers.
  bool probing() const noexcept { return probing_; }
  void set_probing(bool probing) noexcept { probing_ = probing; }
  /// What outlier detection keeps.
  std::unique_ptr<State> outlier_state;

 private:
  static std::uint64_t next_id() noexcept;
  Endpoint endpoint_;
  std::uint64_t id_;
  TimePoint available_since_{};
  std::uint32_t outstanding_ = 0;
  bool available_ = false;
  bool ejected_ = false;
  bool probing_ = false;
};

}  // namespace weft::cluster
