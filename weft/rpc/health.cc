#include "weft/rpc/health.h"

#include <algorithm>

#include "weft/net/wait.h"

#include "grpc/health/v1/health.weft.h"

namespace weft {

/// One HealthWatch as the registry sees it. Posted wake-ups hold it, so that one that is under way
/// when the watch ends finds nobody waiting.
struct HealthRegistry::Watcher {
  explicit Watcher(net::Loop& home) noexcept : loop(home) {}
  net::Loop& loop;
  bool posted = false;           // under the registry's mutex
  net::Wait* waiting = nullptr;  // on the loop's thread
};

std::string_view name_of(ServingStatus status) noexcept {
  switch (status) {
    case ServingStatus::Unknown:
      return "UNKNOWN";
    case ServingStatus::Serving:
      return "SERVING";
    case ServingStatus::NotServing:
      return "NOT_SERVING";
    case ServingStatus::ServiceUnknown:
      break;
  }
  return "SERVICE_UNKNOWN";
}

HealthRegistry::HealthRegistry() { entries_[""].status = ServingStatus::Serving; }

HealthRegistry::~HealthRegistry() = default;

void HealthRegistry::tell(Entry& entry) {
  for (const std::shared_ptr<Watcher>& watcher : entry.watchers) {
    if (std::exchange(watcher->posted, true)) continue;
    // The watch is registered, so the loop it lives on is there.
    watcher->loop.post([watcher] {
      if (watcher->waiting != nullptr) watcher->waiting->complete();
    });
  }
}

void HealthRegistry::set(std::string_view service, ServingStatus status) {
  const std::lock_guard lock(mutex_);
  if (shut_down_) return;
  auto entry = entries_.find(service);
  if (entry == entries_.end()) {
    if (status == ServingStatus::ServiceUnknown) return;
    entry = entries_.emplace(service, Entry{}).first;
  }
  if (std::exchange(entry->second.status, status) != status) tell(entry->second);
  if (status == ServingStatus::ServiceUnknown && entry->second.watchers.empty()) {
    entries_.erase(entry);
  }
}

void HealthRegistry::shutdown() {
  const std::lock_guard lock(mutex_);
  if (std::exchange(shut_down_, true)) return;
  for (auto& [service, entry] : entries_) {
    // An entry that is there for its watchers only stays unknown.
    if (entry.status != ServingStatus::ServiceUnknown) entry.status = ServingStatus::NotServing;
    tell(entry);
  }
}

ServingStatus HealthRegistry::get(std::string_view service) const {
  const std::lock_guard lock(mutex_);
  const auto entry = entries_.find(service);
  return entry == entries_.end() ? ServingStatus::ServiceUnknown : entry->second.status;
}

Result<std::vector<std::pair<std::string, ServingStatus>>> HealthRegistry::list(
    std::size_t limit) const {
  std::vector<std::pair<std::string, ServingStatus>> services;
  const std::lock_guard lock(mutex_);
  for (const auto& [service, entry] : entries_) {
    if (entry.status != ServingStatus::ServiceUnknown) services.emplace_back(service, entry.status);
  }
  if (services.size() > limit) {
    return resource_exhausted("health: " + std::to_string(services.size()) +
                              " services are more than the " + std::to_string(limit) +
                              " that a list may hold; ask for them one by one");
  }
  return services;
}

HealthWatch::HealthWatch(std::shared_ptr<HealthRegistry> registry, std::string_view service)
    : registry_(std::move(registry)),
      service_(service),
      watcher_(std::make_shared<HealthRegistry::Watcher>(*net::Loop::current())) {
  const std::lock_guard lock(registry_->mutex_);
  registry_->entries_[service_].watchers.push_back(watcher_);
}

HealthWatch::~HealthWatch() {
  const std::lock_guard lock(registry_->mutex_);
  const auto entry = registry_->entries_.find(service_);
  std::erase(entry->second.watchers, watcher_);
  if (entry->second.watchers.empty() && entry->second.status == ServingStatus::ServiceUnknown) {
    registry_->entries_.erase(entry);
  }
}

HealthWatch::Current HealthWatch::current() const {
  const std::lock_guard lock(registry_->mutex_);
  watcher_->posted = false;
  return {.status = registry_->entries_.find(service_)->second.status,
          .final = registry_->shut_down_};
}

namespace {

/// Says that a wait is there, also to its end by the destruction of its frame.
class Waiting {
 public:
  Waiting(net::Wait*& place, net::Wait& wait) noexcept : place_(place) { place_ = &wait; }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  ~Waiting() { place_ = nullptr; }

 private:
  net::Wait*& place_;
};

}  // namespace

Task<Result<ServingStatus>> HealthWatch::next() {
  while (true) {
    const Current now = current();
    if (last_ != now.status) {
      last_ = now.status;
      co_return now.status;
    }
    // A watch that went on would hold up the drain until its grace is over.
    if (now.final) co_return unavailable("health: the server is shutting down");
    // A change from here on is posted to this thread, so it arrives when the wait has begun.
    net::Wait wait(watcher_->loop);
    const Waiting waiting(watcher_->waiting, wait);
    Status status = co_await wait;
    if (!status.ok()) co_return status;
  }
}

namespace {

namespace v1 = grpc::health::v1;

v1::HealthCheckResponse response_of(ServingStatus status) {
  v1::HealthCheckResponse response;
  response.set_status(static_cast<v1::HealthCheckResponse::ServingStatus>(status));
  return response;
}

class HealthServiceOf final : public v1::HealthService {
 public:
  explicit HealthServiceOf(std::shared_ptr<HealthRegistry> registry)
      : registry_(std::move(registry)) {}

  Task<Result<v1::HealthCheckResponse>> Check(ServerContext&,
                                              const v1::HealthCheckRequest& request) override {
    const ServingStatus status = registry_->get(request.service());
    if (status == ServingStatus::ServiceUnknown) {
      return Status(
          not_found("health: nothing is known of the service '" + request.service() + "'"));
    }
    return response_of(status);
  }

  Task<Result<v1::HealthListResponse>> List(ServerContext&, const v1::HealthListRequest&) override {
    auto services = registry_->list(kMaxHealthList);
    if (!services.ok()) return services.status();
    v1::HealthListResponse response;
    for (const auto& [service, status] : *services) {
      (*response.mutable_statuses())[service] = response_of(status);
    }
    return response;
  }

  Task<Status> Watch(ServerContext&, const v1::HealthCheckRequest& request,
                     Writer<v1::HealthCheckResponse>& writer) override {
    HealthWatch watch(registry_, request.service());
    while (true) {
      const Result<ServingStatus> status = co_await watch.next();
      if (!status.ok()) co_return status.status();
      const v1::HealthCheckResponse response = response_of(*status);
      if (!co_await writer.write(response)) co_return writer.status();
    }
  }

 private:
  std::shared_ptr<HealthRegistry> registry_;
};

}  // namespace

std::shared_ptr<ServiceDefinition> make_health_service(std::shared_ptr<HealthRegistry> registry) {
  return std::make_shared<HealthServiceOf>(std::move(registry));
}

}  // namespace weft
