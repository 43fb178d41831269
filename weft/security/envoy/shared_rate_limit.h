#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/rpc/call/observer.h"
#include "weft/rpc/call/service.h"
#include "weft/rpc/client/channel.h"

namespace weft {

/// What a call is counted by: keys and values in order, which the rate limit service knows limits
/// for: {{"method", "/shop.Orders/Get"}, {"caller", "ann"}}.
using RateDescriptor = std::vector<std::pair<std::string, std::string>>;

struct SharedRateLimitOptions {
  /// Whose limits they are, as the service names it.
  std::string domain{};
  /// Of a call; none of them: it is not limited. Runs on every call, on each loop's thread.
  std::function<std::vector<RateDescriptor>(const Call&)> descriptors{};
  /// Of an answer. A call waits for it.
  Duration timeout = std::chrono::milliseconds(20);
  enum class WhenAway : std::uint8_t { Allow, Deny };
  /// Where the service gives no answer: it is away, slow, or fails. Denied calls get UNAVAILABLE.
  WhenAway when_away = WhenAway::Allow;
  /// In the place of `when_away`: a limit of this process alone, such as rate_limit().
  std::optional<Middleware> fallback{};
  /// Told "shared_rate_limit": "rejected", "failed" (and denied), "failed_open" or "fallback". It
  /// outlives the calls.
  PolicyObserver* observer = nullptr;

  /// INVALID_ARGUMENT naming the option.
  Status valid() const;
};

/// Limits that all instances of a fleet share: a service counts, by Envoy's protocol
/// (envoy.service.ratelimit.v3.RateLimitService), which `envoyproxy/ratelimit` and
/// `weft ratelimit` speak:
///
///     auto limits = weft::shared_rate_limit(
///         std::make_shared<weft::Channel>("ratelimit:8081"),
///         {.domain = "shop",
///          .descriptors = [](const weft::Call& call) { return weft::rate_by_caller(call); }});
///     if (!limits.ok()) return limits.status();
///     server.use(*limits);
///
/// A call over the limit gets RESOURCE_EXHAUSTED, with a google.rpc.RetryInfo where the service
/// says when there is room again. INVALID_ARGUMENT naming the option.
Result<Middleware> shared_rate_limit(std::shared_ptr<Channel> service,
                                     SharedRateLimitOptions options);

/// One descriptor, {{"caller", …}}, with the subject of Call::principal(), "issuer/subject" where
/// it has an issuer that is no certificate's; the address it comes from where nobody is known.
std::vector<RateDescriptor> rate_by_caller(const Call& call);
/// One descriptor, {{"method", "/pkg.Service/Method"}}.
std::vector<RateDescriptor> rate_by_method(const Call& call);

}  // namespace weft
