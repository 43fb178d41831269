#include "weft/middleware/config/service_config.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>

#include "weft/base/fork_mutex.h"
#include "weft/base/log.h"
#include "weft/middleware/internal/lru_map.h"
#include "weft/net/loop/loop_local.h"

namespace weft {
namespace {

/// A config in use, with what is made of it.
struct InUse {
  ServiceConfig config;
  std::shared_ptr<RetryBudget> budget;
};
using InUseRef = std::shared_ptr<const InUse>;

/// What a loop has looked up.
struct Paths {
  // Calls of methods that nobody generated may have any path.
  static constexpr std::size_t kMost = 4096;
  std::uint64_t version = 0;
  InUseRef in_use;
  middleware::LruMap<std::optional<const MethodConfig*>> by_path{kMost};

  const MethodConfig* find(std::string_view path) {
    if (in_use == nullptr) return nullptr;
    std::optional<const MethodConfig*>& found = by_path.get(path);
    if (!found) found = in_use->config.find(path);
    return *found;
  }
};

/// What the caller asked for holds where it is stricter.
void limit(const MethodConfig& method, Call& call) {
  if (method.timeout != kForever) {
    if (call.started() == TimePoint{}) {
      call.limit_timeout(method.timeout);
    } else {
      call.limit_deadline(after(call.started(), method.timeout));
    }
  }
  if (method.wait_for_ready.value_or(false)) call.set_wait_for_ready(true);
  if (method.max_request_bytes) {
    call.set_max_send_size(std::min(call.max_send_size(), *method.max_request_bytes));
  }
  if (method.max_response_bytes) {
    call.set_max_receive_size(std::min(call.max_receive_size(), *method.max_response_bytes));
  }
}

Status validate(const ServiceConfig& config) {
  for (const MethodConfig& method : config.methods) {
    if (method.retry && method.hedge) {
      return invalid_argument("a MethodConfig has both retry and hedge");
    }
    if (Status s = method.retry ? weft::validate(*method.retry) : Status(); !s.ok()) return s;
    if (Status s = method.hedge ? weft::validate(*method.hedge) : Status(); !s.ok()) return s;
  }
  return {};
}

}  // namespace

class ServiceConfigPolicy::Impl {
 public:
  explicit Impl(ServiceConfigOptions options) : options_(std::move(options)) {
    if (options_.budget == nullptr) options_.budget = ratio_budget();
  }

  const ServiceConfigOptions& options() const noexcept { return options_; }

  void join(Channel& channel) {
    const std::scoped_lock lock(mutex_);
    channel_ = &channel;
  }
  Status set(ServiceConfig config) {
    Status done = try_set(std::move(config));
    tell(options_.observer,
         {.policy = "service_config", .event = done.ok() ? "changed" : "refused", .path = {}});
    return done;
  }
  InUseRef in_use() const {
    const std::scoped_lock lock(mutex_);
    return in_use_;
  }
  /// The loop's, as of now.
  Paths& paths(net::Loop& loop) const {
    Paths& paths = paths_.of(loop);
    if (paths.version != version_.load(std::memory_order_acquire)) [[unlikely]] {
      const std::scoped_lock lock(mutex_);
      paths.by_path.clear();
      paths.in_use = in_use_;
      paths.version = version_.load(std::memory_order_relaxed);
    }
    return paths;
  }

 private:
  Status try_set(ServiceConfig config) {
    Status valid = validate(config);
    if (!valid.ok()) return valid;
    BalancingOptions balancing = balancing_of(config);
    auto next = std::make_shared<InUse>();
    const std::scoped_lock lock(mutex_);
    const bool throttled = config.retry_throttling.has_value();
    next->budget = throttled ? token_budget(*config.retry_throttling) : options_.budget;
    next->config = std::move(config);
    Status balanced =
        channel_ == nullptr ? balancing.valid() : channel_->set_balancing(std::move(balancing));
    if (!balanced.ok()) return balanced;
    in_use_ = std::move(next);
    version_.fetch_add(1, std::memory_order_release);
    return {};
  }
  BalancingOptions balancing_of(const ServiceConfig& config) const {
    BalancingOptions balancing = options_.balancing;
    if (config.balancing != nullptr) {
      balancing.policy = config.balancing;
      balancing.outlier_detection = config.outlier_detection;
    }
    if (config.health_service) balancing.health_service = config.health_service;
    // As in gRPC, the addresses of one server have no health of their own.
    if (balancing.policy != nullptr && balancing.policy->joins_endpoints()) {
      balancing.health_service.reset();
      balancing.outlier_detection.reset();
    }
    return balancing;
  }

  ServiceConfigOptions options_;
  mutable ForkMutex mutex_;  // of what follows, but for the version
  Channel* channel_ = nullptr;
  InUseRef in_use_;
  std::atomic<std::uint64_t> version_{0};
  net::LoopLocal<Paths> paths_;
};

ServiceConfigPolicy::ServiceConfigPolicy(ServiceConfigOptions options)
    : impl_(std::make_shared<Impl>(std::move(options))) {}

Status ServiceConfigPolicy::use(Channel& channel, std::string_view json) {
  channel.use(middleware());
  impl_->join(channel);
  return set(json);
}

Status ServiceConfigPolicy::set(std::string_view json) {
  Result<ServiceConfig> config = ServiceConfig::parse(json, impl_->options());
  if (config.ok()) return set(std::move(*config));
  tell(impl_->options().observer, {.policy = "service_config", .event = "refused", .path = {}});
  return std::move(config).status();
}

Status ServiceConfigPolicy::set(ServiceConfig config) { return impl_->set(std::move(config)); }

std::shared_ptr<const ServiceConfig> ServiceConfigPolicy::current() const {
  const InUseRef in_use = impl_->in_use();
  return in_use == nullptr ? nullptr
                           : std::shared_ptr<const ServiceConfig>(in_use, &in_use->config);
}

Middleware ServiceConfigPolicy::middleware() const {
  struct Apply {
    std::shared_ptr<const Impl> impl;

    Task<Status> operator()(Call& call, Next next) const {
      Paths& paths = impl->paths(call.loop());
      const MethodConfig* const method = paths.find(call.path());
      if (method == nullptr) return next(call);
      limit(*method, call);
      if (!method->retry && !method->hedge) return next(call);
      return repeat(paths.in_use, *method, call, next);
    }
    /// The config must stay while its options are used.
    static Task<Status> repeat(InUseRef in_use, const MethodConfig& method, Call& call, Next next) {
      RetryBudget* const budget = in_use->budget.get();
      if (method.retry) {
        co_return co_await run_with_retries(call, next, *method.retry, budget);
      }
      co_return co_await run_with_hedges(call, next, *method.hedge, budget);
    }
  };
  return Apply{impl_};
}

}  // namespace weft
