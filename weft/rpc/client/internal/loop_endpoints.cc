// LoopChannel: what its target stands for, and which of it can take calls.

#include <algorithm>
#include <memory>
#include <utility>

#include "weft/cluster/balancers/subset.h"
#include "weft/cluster/endpoints/availability.h"
#include "weft/cluster/resolvers/address_order.h"
#include "weft/rpc/client/internal/loop_channel.h"

namespace weft::rpc {
namespace {

/// All addresses of all endpoints, as of one.
cluster::Endpoint joined(std::vector<cluster::Endpoint> endpoints) {
  cluster::Endpoint all = std::move(endpoints.front());
  for (std::size_t i = 1; i < endpoints.size(); ++i) {
    const std::vector<net::Address>& more = endpoints[i].addresses;
    all.addresses.insert(all.addresses.end(), more.begin(), more.end());
  }
  return all;
}

Status endpoint_gone(const cluster::Endpoint& endpoint) {
  return Status(StatusCode::Unavailable,
                to_string(endpoint) + " is not an endpoint of the service any more",
                Origin::Transport);
}

}  // namespace

void LoopChannel::resolve() {
  resolving_ = true;
  Result<std::unique_ptr<cluster::Resolver>> resolver =
      settings_.options.resolver
          ? settings_.options.resolver(loop_, cluster::TargetParts{.text = target_})
          : cluster::make_resolver(
                loop_, settings_.proxy ? "dns:///" + settings_.proxy->address : target_);
  if (!resolver.ok()) {
    resolvable_ = false;
    nothing_found_ = std::move(resolver).status();
    resolution_.tell(0, nothing_found_);
    return;
  }
  resolver_task_ = run_resolver(std::move(*resolver));
  resolver_task_.start(&resolver_context_, {[](void*) noexcept {}, nullptr});
}

Task<> LoopChannel::run_resolver(std::unique_ptr<cluster::Resolver> resolver) {
  const Active active(*this);
  co_await resolution_.run(std::move(resolver));
}

void LoopChannel::on_nothing_found(const Status& why) {
  nothing_found_ = why;
  fail_waiting(why);
}

void LoopChannel::on_endpoints(std::vector<cluster::Endpoint> endpoints) {
  if (closed_) return;
  nothing_found_ = {};
  endpoints_ = std::move(endpoints);
  use_endpoints(endpoints_);
}

/// Makes the members those of the list; who is in it already stays, with its connections.
void LoopChannel::use_endpoints(std::vector<cluster::Endpoint> endpoints) {
  if (balancing_.subset_size != 0) {
    endpoints = cluster::subset(std::move(endpoints), balancing_.subset_size, subset_client());
  }
  if (policy_->joins_endpoints()) {
    cluster::Endpoint one = joined(std::move(endpoints));
    if (policy_->shuffles_addresses()) cluster::shuffle(one.addresses, loop_.rng());
    one.addresses = cluster::in_connecting_order(std::move(one.addresses));
    endpoints.assign(1, std::move(one));
  }
  std::vector<std::unique_ptr<Subchannel>> members;
  members.reserve(endpoints.size());
  for (cluster::Endpoint& endpoint : endpoints) members.push_back(take_member(std::move(endpoint)));
  std::swap(members, members_);
  balance();
  for (std::unique_ptr<Subchannel>& gone : members) {
    if (gone != nullptr) drop(std::move(gone));
  }
  if (balancer_ != nullptr || !waiting_.empty()) connect_all();
  wake_first();
}

/// The member there is for the endpoint, taken out of its place; or a new one.
std::unique_ptr<Subchannel> LoopChannel::take_member(cluster::Endpoint endpoint) {
  const bool joins = policy_->joins_endpoints();
  for (std::unique_ptr<Subchannel>& member : members_) {
    if (member == nullptr) continue;
    // Of a server with several addresses the list may change, as long as it is connected to one.
    const bool same = member->endpoint().addresses == endpoint.addresses ||
                      (joins && (!member->serving() || member->connected_to(endpoint.addresses)));
    if (!same) continue;
    member->set_endpoint(std::move(endpoint));
    return std::move(member);
  }
  auto made = std::make_unique<Subchannel>(loop_, *this, std::move(endpoint), settings_);
  made->check_health(balancing_.health_service);
  tell(EndpointEvent::What::Found, *made);
  return made;
}

/// Its calls may end in peace; nothing new comes to it.
void LoopChannel::drop(std::unique_ptr<Subchannel> subchannel) {
  tell(EndpointEvent::What::Gone, *subchannel);
  leaving_.push_back(std::move(subchannel));
  let_go(*leaving_.back());
}

/// Destroys a member that has left and has no calls any more.
void LoopChannel::let_go(Subchannel& subchannel) noexcept {
  if (subchannel.outstanding() != 0) return;
  const auto found = std::find_if(leaving_.begin(), leaving_.end(),
                                  [&](const auto& member) { return member.get() == &subchannel; });
  if (found == leaving_.end()) return;
  subchannel.close(endpoint_gone(subchannel.endpoint()));
  subchannel.drop_coroutines();
  // A call that has just ended may still refer to it.
  loop_.post([owned = std::move(*found)]() mutable { owned.reset(); });
  leaving_.erase(found);
}

bool LoopChannel::is_member(const Subchannel& subchannel) const noexcept {
  return std::any_of(members_.begin(), members_.end(),
                     [&](const auto& member) { return member.get() == &subchannel; });
}

std::string_view LoopChannel::subset_client() {
  if (balancing_.subset_client.empty()) {
    balancing_.subset_client = std::to_string(loop_.rng()());
  }
  return balancing_.subset_client;
}

void LoopChannel::set_balancing(const BalancingOptions& balancing) {
  if (closed_) return;
  const bool other_health = balancing.health_service != balancing_.health_service;
  balancing_ = balancing;
  choose_policy();
  if (other_health) {
    for (const auto& member : members_) member->check_health(balancing_.health_service);
  }
  if (!endpoints_.empty()) use_endpoints(endpoints_);
}

void LoopChannel::choose_policy() {
  policy_ = balancing_.policy;
  if (policy_ == nullptr) {
    policy_ = cluster::lists_instances(target_) || settings_.options.resolver ? round_robin()
                                                                              : pick_first();
  }
  balancer_.reset();
  for (const auto& member : members_) {
    member->balancer_state.reset();
    member->outlier_state.reset();
    member->set_ejected(false);
    member->set_probing(false);
    tell_ejection(*member);
  }
  outliers_.reset();
  sweep_timer_.cancel();
  if (policy_->joins_endpoints()) return;
  balancer_ = policy_->make({.rng = loop_.rng(), .clock = loop_});
  if (balancing_.outlier_detection) {
    outliers_.emplace(*balancing_.outlier_detection, loop_.rng());
    loop_.arm(sweep_timer_, after(loop_.now(), outliers_->options().interval));
  }
  timed_ = outliers_ || balancer_->wants_latency();
}

/// Tells the balancer of the members, which are others now.
void LoopChannel::balance() {
  balanced_.clear();
  for (const auto& member : members_) balanced_.push_back(member.get());
  if (outliers_) outliers_->update(balanced_);
  set_availability();
  if (balancer_ != nullptr) balancer_->update(balanced_);
}

/// Something that availability depends on may have changed.
void LoopChannel::refresh() {
  if (set_availability() && balancer_ != nullptr) balancer_->update(balanced_);
}

/// Whether it has changed.
bool LoopChannel::set_availability() {
  std::vector<cluster::MemberCondition> conditions;
  conditions.reserve(members_.size());
  for (const auto& member : members_) {
    // One that has not said how it is counts as not there yet, so that nobody panics about it.
    conditions.push_back({.connected = member->serving() && member->health_known(),
                          .healthy = member->healthy(),
                          .ejected = member->ejected()});
  }
  const auto available = std::make_unique<bool[]>(members_.size());
  cluster::decide_availability(conditions, balancing_.panic_threshold_percent,
                               {available.get(), members_.size()});
  bool changed = false;
  const TimePoint now = loop_.now();
  for (std::size_t i = 0; i < members_.size(); ++i) {
    changed = changed || members_[i]->available() != available[i];
    members_[i]->set_available(available[i], now);
  }
  return changed;
}

void LoopChannel::report(Subchannel& where, const cluster::CallReport& report) noexcept {
  balancer_->on_ended(where, report);
  if (!outliers_ || (!leaving_.empty() && !is_member(where))) return;
  const bool changed = outliers_->on_ended(where, report);
  tell_ejection(where);
  if (changed) refresh();
}

/// To the channel's observer, where there is one.
void LoopChannel::tell(EndpointEvent::What what, const Subchannel& where) const noexcept {
  if (observer_ != nullptr) observer_->on_endpoint({.what = what, .endpoint = where.endpoint()});
}

/// What outlier detection has decided, where the observer does not know it yet.
void LoopChannel::tell_ejection(Subchannel& where) const noexcept {
  using enum EndpointEvent::What;
  if (observer_ == nullptr) return;
  const EndpointEvent::What now = where.ejected() ? Ejected : where.probing() ? Probing : Back;
  if (std::exchange(where.told, now) != now) tell(now, where);
}

void LoopChannel::sweep_due(net::Timer& timer) noexcept {
  static_cast<SweepTimer&>(timer).channel.sweep();
}

void LoopChannel::sweep() noexcept {
  const TimePoint now = loop_.now();
  const bool changed = outliers_->sweep(balanced_, now);
  for (const auto& member : members_) tell_ejection(*member);
  if (changed) refresh();
  loop_.arm(sweep_timer_, after(now, outliers_->options().interval));
}

}  // namespace weft::rpc
