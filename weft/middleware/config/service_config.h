#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/middleware/attempts/hedge.h"
#include "weft/middleware/attempts/retry.h"
#include "weft/middleware/attempts/retry_budget.h"
#include "weft/rpc/call/observer.h"
#include "weft/rpc/call/service.h"
#include "weft/rpc/client/balancing.h"
#include "weft/rpc/client/channel.h"

namespace weft {

/// What a service config says of some methods: an element of `methodConfig`.
struct MethodConfig {
  /// A method, a service where `method` is empty, or all where both are.
  struct Name {
    std::string service;
    std::string method;
    friend bool operator==(const Name&, const Name&) = default;
  };
  std::vector<Name> names;
  /// kForever: none.
  Duration timeout = kForever;
  std::optional<bool> wait_for_ready;
  std::optional<std::size_t> max_request_bytes;
  std::optional<std::size_t> max_response_bytes;
  /// One of the two, or none. Their budgets are the config's, not their own.
  std::optional<RetryOptions> retry;
  std::optional<HedgeOptions> hedge;
};

/// How service configs are read and used beside what they say.
struct ServiceConfigOptions {
  /// What `maxAttempts` is cut down to, as by gRPC (5).
  std::uint32_t max_attempts = 5;
  /// How calls are spread, where the config does not say.
  BalancingOptions balancing{};
  /// Of all retries and hedges where the config has no `retryThrottling`; null: ratio_budget().
  /// unlimited_budget() does as gRPC does.
  std::shared_ptr<RetryBudget> budget{};
  /// Told what retries and hedges do, and "service_config": "changed", "refused".
  PolicyObserver* observer = nullptr;
};

/// gRPC's service config (grpc/service_config/service_config.proto, doc/service_config.md), as
/// docs/reference/service-config.md lists it.
struct ServiceConfig {
  std::vector<MethodConfig> methods;
  std::optional<TokenBudgetOptions> retry_throttling;
  /// The first policy of `loadBalancingConfig` that is known; null: it says nothing.
  Balancing balancing;
  std::optional<OutlierOptions> outlier_detection;
  /// `healthCheckConfig.serviceName`.
  std::optional<std::string> health_service;

  /// Reads JSON. INVALID_ARGUMENT with the path, the value and what was expected, for each thing
  /// that is wrong: "methodConfig[2].retryPolicy.maxAttempts: 1: must be an integer of at least 2".
  /// Members that are not known are passed over, as gRPC does.
  static Result<ServiceConfig> parse(std::string_view json,
                                     const ServiceConfigOptions& options = {});

  /// What holds for "/pkg.Service/Method": the config of the method, else of its service, else of
  /// all; null where there is none.
  const MethodConfig* find(std::string_view path) const noexcept;
};

/// A channel's service config, which may change while it runs:
///
///     weft::ServiceConfigPolicy config;
///     weft::Status used = config.use(channel, text);      // before the first call
///     ...
///     weft::Status changed = config.set(new_text);        // from any thread
///
/// Copies share the config. What a method has to do is looked up once for each loop and path, and
/// again after a change; a call that has begun goes on as it began.
class ServiceConfigPolicy {
 public:
  explicit ServiceConfigPolicy(ServiceConfigOptions options = {});

  /// Adds middleware() to the channel, and the config, whose part about balancing is the channel's
  /// from then on. Once, before the first call; the channel must outlive the last set().
  Status use(Channel& channel, std::string_view json);
  /// Takes the place of the config there was. Where it is not valid nothing changes, and the error
  /// says why.
  Status set(std::string_view json);
  Status set(ServiceConfig config);

  /// What is used now.
  std::shared_ptr<const ServiceConfig> current() const;
  /// Timeouts, size limits, wait-for-ready, retries and hedges of the config that holds when a call
  /// begins. What the caller asked for holds where it is stricter.
  Middleware middleware() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace weft
