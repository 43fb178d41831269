#include "weft/cluster/balancers/internal/hashed_balancer.h"

#include <algorithm>
#include <cmath>

#include "weft/cluster/balancers/internal/candidates.h"
#include "weft/cluster/balancers/internal/xxhash64.h"

namespace weft::cluster {
namespace {

// How many slots are looked at for each member before the members are asked in turn: enough to have
// come by nearly everybody.
constexpr std::size_t kSlotsPerMember = 8;

}  // namespace

// Says that the member is in the list of that update, and its calls in under_way_.
struct HashedBalancer::Counted final : Member::State {
  const HashedBalancer* by = nullptr;
  std::uint64_t update = 0;
};

Status HashedBalancer::validate_balance(std::uint32_t percent) {
  if (percent == 0 || percent > 100) return {};
  return invalid_argument("hash_balance_factor is " + std::to_string(percent) +
                          ", and neither 0 nor above 100");
}

void HashedBalancer::update(std::span<Member* const> members) {
  members_.assign(members.begin(), members.end());
  std::vector<Place> places;
  places.reserve(members.size());
  available_weight_ = 0;
  for (const Member* member : members) {
    const Endpoint& endpoint = member->endpoint();
    places.push_back(
        {endpoint.addresses.empty() ? endpoint.name : endpoint.addresses.front().to_string(),
         weight_of(*member)});
    if (member->available()) available_weight_ += places.back().weight;
  }
  if (places != places_) {
    // A ring is kept while there is nobody, for those who come back.
    if (!places.empty()) slots_ = make_slots(places);
    places_ = std::move(places);
  }
  if (balance_percent_ == 0) return;
  ++update_;
  under_way_ = 0;
  for (Member* member : members) {
    Counted& state = make_state_of<Counted>(*member);
    state.by = this;
    state.update = update_;
    under_way_ += member->outstanding();
  }
}

std::uint64_t HashedBalancer::hash_of(const PickRequest& request) const noexcept {
  if (const auto key = request.key()) return xxhash64(*key);
  if (!header_.empty()) {
    const std::string_view value = request.metadata(header_);
    if (!value.empty()) return xxhash64(value);
  }
  return rng_();
}

bool HashedBalancer::has_room(const Member& member) const noexcept {
  if (balance_percent_ == 0) return true;
  const double share = weight_of(member) / available_weight_;
  const double mean = static_cast<double>(under_way_ + 1) * share;
  return member.outstanding() < std::ceil(mean * balance_percent_ / 100);
}

Member* HashedBalancer::pick(const PickRequest& request) {
  if (!(available_weight_ > 0)) return nullptr;
  const Tried* tried = request.tried();
  const std::size_t start = slot_of(hash_of(request));
  Member* full = nullptr;      // the first that has no room
  Member* fallback = nullptr;  // the first that is available
  const auto takes = [&](Member* member) {
    if (!member->available()) return false;
    if (fallback == nullptr) fallback = member;
    if (avoided(*member, tried)) return false;
    if (has_room(*member)) return true;
    if (full == nullptr) full = member;
    return false;
  };
  const std::size_t looked_at = std::min(slots_.size(), kSlotsPerMember * members_.size());
  for (std::size_t i = 0, at = start; i < looked_at; ++i) {
    Member* member = members_[slots_[at]];
    if (takes(member)) return member;
    if (++at == slots_.size()) at = 0;
  }
  for (std::size_t i = 0, at = start % members_.size(); i < members_.size(); ++i) {
    if (takes(members_[at])) return members_[at];
    if (++at == members_.size()) at = 0;
  }
  return full != nullptr ? full : fallback;
}

bool HashedBalancer::counts(const Member& member) const noexcept {
  const Counted* state = state_of<Counted>(member);
  return state != nullptr && state->by == this && state->update == update_;
}

void HashedBalancer::on_begun(Member& member) {
  if (balance_percent_ != 0 && counts(member)) ++under_way_;
}

void HashedBalancer::on_ended(Member& member, const CallReport&) {
  if (balance_percent_ != 0 && counts(member) && under_way_ > 0) --under_way_;
}

}  // namespace weft::cluster
