#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "weft/cluster/balancers/balancer.h"

namespace weft::cluster {

/// What ring_hash and maglev have in common: a circle of slots, each some member's; a call goes to
/// the member of the slot that its key falls on, or to that of the next slot whose member can take
/// it. The circle is made of the whole list, available or not, so that an instance that is away for
/// a while moves its own keys only.
///
/// With bounded loads (Mirrokni, Thorup and Zadimoghaddam, 2018) a member can take a call while it
/// has fewer than ceil(factor * mean) under way, with this call counted in the mean; the mean is
/// over the available members, by their weights.
class HashedBalancer : public Balancer {
 public:
  HashedBalancer(std::string_view header, std::uint32_t balance_percent, Rng& rng)
      : header_(header), balance_percent_(balance_percent), rng_(rng) {}

  void update(std::span<Member* const> members) final;
  Member* pick(const PickRequest& request) final;
  void on_begun(Member& member) final;
  void on_ended(Member& member, const CallReport& report) final;

  /// INVALID_ARGUMENT for a hash_balance_factor that bounds nothing, or everything.
  static Status validate_balance(std::uint32_t percent);

 protected:
  struct Place {
    std::string name;  ///< of the instance, the same for every caller: its first address
    double weight;
    friend bool operator==(const Place&, const Place&) = default;
  };

  /// The slots' members, as indexes of `places`, which is not empty; slots() are those so far.
  virtual std::vector<std::uint32_t> make_slots(const std::vector<Place>& places) = 0;
  /// Where on the circle a key falls.
  virtual std::size_t slot_of(std::uint64_t hash) const noexcept = 0;
  const std::vector<std::uint32_t>& slots() const noexcept { return slots_; }

 private:
  struct Counted;
  std::uint64_t hash_of(const PickRequest& request) const noexcept;
  bool has_room(const Member& member) const noexcept;
  bool counts(const Member& member) const noexcept;

  const std::string header_;
  const std::uint32_t balance_percent_;  // 0: no bound
  Rng& rng_;
  std::vector<Member*> members_;
  std::vector<Place> places_;  // of members_
  std::vector<std::uint32_t> slots_;
  double available_weight_ = 0;
  // Calls under way on members_, kept for the bound.
  std::uint64_t under_way_ = 0;
  std::uint64_t update_ = 0;
};

}  // namespace weft::cluster
