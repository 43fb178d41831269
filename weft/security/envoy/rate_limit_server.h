#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/rpc/call/service.h"

namespace weft {

struct RateLimitServerOptions {
  /// Counts that are kept at a time, one for each rule and value; 1 or more. Beyond them calls with
  /// new values are not limited, which stats() counts and the log says.
  std::size_t max_counts = 1'000'000;
  /// What time it is; empty: the loop's clock. For tests.
  std::function<TimePoint()> now{};
};

struct RateLimitServerStats {
  std::uint64_t counts = 0;       ///< that are kept now
  std::uint64_t over_limit = 0;   ///< answers
  std::uint64_t not_counted = 0;  ///< for lack of room
};

/// Counts calls for a fleet (shared_rate_limit(), Envoy), by limits in JSON of the form that
/// `envoyproxy/ratelimit` has as YAML:
///
///     {"domains": [{"domain": "shop", "descriptors": [
///        {"key": "caller", "rate_limit": {"unit": "second", "requests_per_unit": 100}},
///        {"key": "caller", "value": "ann", "unlimited": true},
///        {"key": "method", "value": "/shop.Orders/Place", "descriptors": [
///           {"key": "caller", "rate_limit": {"unit": "minute", "requests_per_unit": 10}}]}]}]}
///
/// A descriptor's entries lead down the tree; at each step the rule with the entry's value goes
/// before the one without, which counts each value for itself. The rule of the last entry limits
/// the call; where there is none, it is not limited. Each unit begins a new count. Counts are in
/// memory: a restart begins anew, and instances count each for itself.
class RateLimitServer {
 public:
  explicit RateLimitServer(RateLimitServerOptions options = {});

  /// Takes the place of the limits there were; from any thread. Counts go on where a rule is the
  /// same. INVALID_ARGUMENT naming each thing that is wrong, and then nothing changes.
  Status set(std::string_view json);
  /// `server.add(limits.definition())`. Before the first set() nothing is limited.
  std::shared_ptr<ServiceDefinition> definition() const;
  RateLimitServerStats stats() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace weft
