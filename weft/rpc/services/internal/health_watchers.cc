#include "weft/rpc/services/internal/health_watchers.h"

#include <mutex>
#include <utility>
#include <vector>

#include "weft/net/loop/awaited.h"

namespace weft::rpc {

std::shared_ptr<HealthWatchers> HealthWatchers::here(HealthRegistry& registry) {
  net::Loop& loop = *net::Loop::current();
  const std::lock_guard lock(registry.mutex_);
  for (const std::shared_ptr<HealthWatchers>& watchers : registry.loops_) {
    if (watchers->anchor_ == loop.anchor()) return watchers;
  }
  registry.loops_.push_back(std::make_shared<HealthWatchers>(registry, loop));
  registry.loops_.back()->shut_down_ = registry.shut_down_;
  return registry.loops_.back();
}

void HealthWatchers::note_change(const std::string& service) {
  changed_.insert(service);
  post();
}

void HealthWatchers::post() {
  if (std::exchange(posted_, true)) return;
  anchor_->post([self = shared_from_this()] { self->take_changes(); });
}

Status HealthWatchers::admit(const Peer* connection) {
  if (connection == nullptr) return {};
  std::size_t& count = of_connection_[connection];
  if (count >= kMaxHealthWatchesPerConnection) {
    return resource_exhausted("health: this connection has its limit of " +
                              std::to_string(kMaxHealthWatchesPerConnection) +
                              " watches (kMaxHealthWatchesPerConnection)");
  }
  ++count;
  return {};
}

void HealthWatchers::begin(WatchedHealth& watch, std::string_view service) {
  auto found = services_.find(service);
  if (found == services_.end()) {
    found = services_.try_emplace(std::string(service)).first;
    // A change that comes after this look is posted, so it arrives after this.
    found->second.status = registry_.get(service);
  }
  ++found->second.count;
  found->second.watches.push_back(watch);
  watch.service_ = found;
}

void HealthWatchers::end(WatchedHealth& watch) noexcept {
  watch.unlink();
  if (const auto of = of_connection_.find(watch.connection_.get()); of != of_connection_.end()) {
    if (--of->second == 0) of_connection_.erase(of);
  }
  if (--watch.service_->second.count == 0) services_.erase(watch.service_);
  if (!services_.empty()) return;
  const std::lock_guard lock(registry_.mutex_);
  std::erase(registry_.loops_, watch.watchers_);
}

void HealthWatchers::take_changes() {
  // Without watches the registry may be gone.
  if (services_.empty()) return;
  bool shut_down = false;
  {
    const std::lock_guard lock(registry_.mutex_);
    posted_ = false;
    for (const std::string& name : std::exchange(changed_, {})) {
      const auto found = services_.find(name);
      if (found != services_.end()) change(found->second, registry_.find(name));
    }
    shut_down = registry_.shut_down_;
  }
  if (shut_down && !shut_down_) end_all();
  if (!waking_) wake_some();
}

void HealthWatchers::end_all() {
  shut_down_ = true;
  for (auto& [name, service] : services_) {
    // A service that nobody has set stays unknown.
    const bool known = service.status != ServingStatus::ServiceUnknown;
    if (known) service.status = ServingStatus::NotServing;
    due_.splice_back(service.watches);
  }
}

void HealthWatchers::change(Service& service, ServingStatus status) {
  if (std::exchange(service.status, status) != status) due_.splice_back(service.watches);
}

void HealthWatchers::wake_some() {
  for (std::size_t i = 0; i < kBatch; ++i) {
    WatchedHealth* const watch = due_.pop_front();
    if (watch == nullptr) break;
    watch->service_->second.watches.push_back(*watch);
    if (watch->waiting_ != nullptr) watch->waiting_->complete();
  }
  waking_ = !due_.empty();
  if (waking_) loop_.post([self = shared_from_this()] { self->wake_some(); });
}

WatchedHealth::WatchedHealth(std::shared_ptr<HealthRegistry> registry, std::string_view service,
                             Peer::Ref connection)
    : registry_(std::move(registry)),
      connection_(std::move(connection)),
      refused_(registry_->count_watch()) {
  if (!refused_.ok()) return;
  watchers_ = HealthWatchers::here(*registry_);
  refused_ = watchers_->admit(connection_.get());
  if (refused_.ok()) {
    watchers_->begin(*this, service);
  } else {
    registry_->watch_ended();
  }
}

WatchedHealth::~WatchedHealth() {
  if (!refused_.ok()) return;
  watchers_->end(*this);
  registry_->watch_ended();
}

Task<Result<ServingStatus>> WatchedHealth::next() {
  if (!refused_.ok()) co_return refused_;
  while (true) {
    const ServingStatus now = service_->second.status;
    if (last_ != now) {
      last_ = now;
      co_return now;
    }
    // A watch that went on would hold up the drain until its grace is over.
    if (watchers_->shut_down_) co_return unavailable("health: the server is shutting down");
    net::Wait wait(watchers_->loop_);
    const net::Awaited awaited(waiting_, wait);
    Status status = co_await wait;
    if (!status.ok()) co_return status;
  }
}

}  // namespace weft::rpc
