#include "weft/rpc/services/health.h"

#include "weft/base/log.h"
#include "weft/base/text/text_cut.h"
#include "weft/rpc/services/internal/health_watchers.h"

#include "weft_wire/grpc/health/v1/health.weft.h"

namespace weft {

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

HealthRegistry::HealthRegistry() { services_[""] = ServingStatus::Serving; }

HealthRegistry::~HealthRegistry() = default;

void HealthRegistry::set(std::string_view service, ServingStatus status) {
  if (service.size() > kMaxHealthName) {
    return log(LogLevel::Warn, "health: the status of '" + cut_text(service) +
                                   "' is not kept: the limit of a name is " +
                                   std::to_string(kMaxHealthName) + " bytes");
  }
  const std::string name(service);
  const std::lock_guard lock(mutex_);
  if (shut_down_ || find(name) == status) return;
  if (status == ServingStatus::ServiceUnknown) {
    services_.erase(name);
  } else {
    services_[name] = status;
  }
  for (const auto& watchers : loops_) watchers->note_change(name);
}

void HealthRegistry::shutdown() {
  const std::lock_guard lock(mutex_);
  if (std::exchange(shut_down_, true)) return;
  for (auto& [service, status] : services_) status = ServingStatus::NotServing;
  for (const auto& watchers : loops_) watchers->post();
}

ServingStatus HealthRegistry::find(std::string_view service) const {
  const auto found = services_.find(service);
  return found == services_.end() ? ServingStatus::ServiceUnknown : found->second;
}

ServingStatus HealthRegistry::get(std::string_view service) const {
  const std::lock_guard lock(mutex_);
  return find(service);
}

Result<std::vector<std::pair<std::string, ServingStatus>>> HealthRegistry::list(
    std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  if (services_.size() > limit) {
    return resource_exhausted("health: " + std::to_string(services_.size()) +
                              " services are more than the " + std::to_string(limit) +
                              " that a list may hold; ask for them one by one");
  }
  return std::vector<std::pair<std::string, ServingStatus>>(services_.begin(), services_.end());
}

Status HealthRegistry::count_watch() {
  if (watches_.fetch_add(1, std::memory_order_relaxed) < kMaxHealthWatches) return {};
  watch_ended();
  return resource_exhausted("health: the server has its limit of " +
                            std::to_string(kMaxHealthWatches) + " watches (kMaxHealthWatches)");
}

namespace {

namespace v1 = weft_wire::grpc::health::v1;

// A name of kMaxHealthName, and room for what later versions of the protocol may ask.
constexpr std::size_t kMaxRequest = 1024;

v1::HealthCheckResponse response_of(ServingStatus status) {
  v1::HealthCheckResponse response;
  response.set_status(static_cast<v1::HealthCheckResponse::ServingStatus>(status));
  return response;
}

Status unknown(std::string_view service) {
  return not_found("health: nothing is known of the service '" + cut_text(service) + "'");
}

class HealthServiceOf final : public v1::HealthService {
 public:
  explicit HealthServiceOf(std::shared_ptr<HealthRegistry> registry)
      : registry_(std::move(registry)) {}
  bool vital() const noexcept override { return true; }

  Task<Result<v1::HealthCheckResponse>> Check(ServerContext&,
                                              const v1::HealthCheckRequest& request) override {
    const ServingStatus status = registry_->get(request.service());
    if (status == ServingStatus::ServiceUnknown) return unknown(request.service());
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

  Task<Status> Watch(ServerContext& context, const v1::HealthCheckRequest& request,
                     Writer<v1::HealthCheckResponse>& writer) override {
    if (request.service().size() > kMaxHealthName) {
      // Nobody can set it, so there is nothing to wait for.
      const v1::HealthCheckResponse response = response_of(ServingStatus::ServiceUnknown);
      static_cast<void>(co_await writer.write(response));
      co_return unknown(request.service());
    }
    rpc::WatchedHealth watch(registry_, request.service(), context.call().share_peer());
    while (true) {
      const Result<ServingStatus> status = co_await watch.next();
      if (!status.ok()) co_return status.status();
      const v1::HealthCheckResponse response = response_of(*status);
      if (!co_await writer.write(response)) co_return writer.status();
    }
  }

  std::size_t max_request_size() const noexcept override { return kMaxRequest; }

 private:
  std::shared_ptr<HealthRegistry> registry_;
};

}  // namespace

std::shared_ptr<ServiceDefinition> make_health_service(std::shared_ptr<HealthRegistry> registry) {
  return std::make_shared<HealthServiceOf>(std::move(registry));
}

}  // namespace weft
