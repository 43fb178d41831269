#include "weft/middleware/config/internal/policy_json.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <limits>
#include <string>
#include <utility>

#include "weft/middleware/attempts/fault_injection.h"
#include "weft/middleware/attempts/timeout.h"
#include "weft/middleware/config/internal/json_code.h"
#include "weft/middleware/limits/adaptive_limit.h"
#include "weft/middleware/limits/circuit_breaker.h"
#include "weft/middleware/limits/concurrency_limit.h"
#include "weft/middleware/limits/rate_limit.h"
#include "weft/middleware/limits/shed.h"
#include "weft/middleware/reports/access_log.h"
#include "weft/middleware/reuse/call_key.h"
#include "weft/middleware/reuse/response_cache.h"
#include "weft/middleware/reuse/single_flight.h"

namespace weft::middleware {
namespace {

using Made = std::optional<Middleware>;

/// Reads the members of an object into options; what is not asked for is not known.
class Options {
 public:
  explicit Options(const JsonNode& node) : node_(node), good_(node.is_object()) {}

  JsonNode at(std::string_view name) {
    known_.emplace_back(name);
    return node_[name];
  }
  void read(std::string_view name, double& into) {
    // What it may be is the policy's to say.
    constexpr double kAny = std::numeric_limits<double>::max();
    if (const auto value = at(name).number(-kAny, kAny, "a number")) into = *value;
  }
  template <class Integer>
    requires std::unsigned_integral<Integer>
  void read(std::string_view name, Integer& into) {
    constexpr std::uint64_t kMost = std::numeric_limits<Integer>::max();
    const auto value = at(name).integer(0, kMost, "an integer of at least 0");
    if (value) into = static_cast<Integer>(*value);
  }
  void read(std::string_view name, bool& into) {
    if (const auto value = at(name).boolean()) into = *value;
  }
  void read(std::string_view name, Duration& into) {
    if (const auto value = at(name).duration()) into = *value;
  }
  void read(std::string_view name, std::string& into) {
    if (auto value = at(name).text()) into = std::move(*value);
  }
  void read(std::string_view name, std::vector<std::string>& into) {
    if (auto value = at(name).texts()) into = std::move(*value);
  }
  void read(std::string_view name, std::optional<PriorityShares>& into) {
    const JsonNode node = at(name);
    if (node.present()) read_shares(node, into.emplace());
  }
  void read(std::string_view name, PriorityShares& into) {
    const JsonNode node = at(name);
    if (node.present()) read_shares(node, into);
  }
  /// Notes what is left and what is wrong with all of it together.
  bool end(const Status& valid = {}) {
    if (!good_) return false;
    for (const std::string& name : node_.names()) {
      if (std::find(known_.begin(), known_.end(), name) == known_.end()) {
        node_[name].note("is not known here");
        good_ = false;
      }
    }
    if (!valid.ok()) node_.note(valid.message());
    return good_ && valid.ok();
  }

 private:
  static void read_shares(const JsonNode& node, PriorityShares& into) {
    Options shares(node);
    shares.read("criticalPlus", into.critical_plus);
    shares.read("critical", into.critical);
    shares.read("sheddablePlus", into.sheddable_plus);
    shares.read("sheddable", into.sheddable);
    static_cast<void>(shares.end());
  }
  const JsonNode& node_;
  std::vector<std::string> known_;
  bool good_;
};

Made read_timeout(const JsonNode& node, PolicyObserver*) {
  Options options(node);
  const JsonNode limit = options.at("limit");
  if (!limit.present()) limit.expect("a duration in seconds as \"1.5s\"");
  const auto value = limit.positive_duration();
  return options.end() && value ? Made(timeout(*value)) : std::nullopt;
}

Made read_access_log(const JsonNode& node, PolicyObserver*) {
  AccessLogOptions log;
  Options options(node);
  options.read("slowerThan", log.slower_than);
  return options.end() ? Made(access_log(log)) : std::nullopt;
}

Made read_circuit_breaker(const JsonNode& node, PolicyObserver* observer) {
  CircuitBreakerOptions breaker;
  breaker.observer = observer;
  Options options(node);
  options.read("consecutiveFailures", breaker.consecutive_failures);
  options.read("failureRatio", breaker.failure_ratio);
  options.read("minimumCalls", breaker.minimum_calls);
  options.read("window", breaker.window);
  options.read("openTime", breaker.open_time);
  options.read("maxOpenTime", breaker.max_open_time);
  options.read("growth", breaker.growth);
  options.read("jitter", breaker.jitter);
  options.read("probes", breaker.probes);
  options.read("maxKeys", breaker.max_keys);
  return options.end(validate(breaker)) ? Made(circuit_breaker(breaker)) : std::nullopt;
}

/// "method", "peer", "principal", "identity", "metadata:NAME".
CallKey key_of(const JsonNode& node) {
  constexpr std::string_view kMetadata = "metadata:";
  const std::optional<std::string> name = node.text();
  if (!name) return {};
  if (*name == "method") return by_method();
  if (*name == "peer") return by_peer();
  if (*name == "principal") return by_principal();
  if (*name == "identity") return by_identity();
  if (name->starts_with(kMetadata) && name->size() > kMetadata.size()) {
    return by_metadata(std::string_view(*name).substr(kMetadata.size()));
  }
  node.expect("\"method\", \"peer\", \"principal\", \"identity\" or \"metadata:NAME\"");
  return {};
}

Made read_rate_limit(const JsonNode& node, PolicyObserver* observer) {
  RateLimitOptions limit;
  limit.observer = observer;
  Options options(node);
  options.read("rate", limit.rate);
  options.read("burst", limit.burst);
  limit.key = key_of(options.at("key"));
  options.read("maxKeys", limit.max_keys);
  options.read("maxWait", limit.max_wait);
  options.read("pushBack", limit.push_back);
  return options.end(validate(limit)) ? Made(rate_limit(limit)) : std::nullopt;
}

Made read_concurrency_limit(const JsonNode& node, PolicyObserver* observer) {
  ConcurrencyLimitOptions limit;
  limit.observer = observer;
  Options options(node);
  options.read("limit", limit.limit);
  options.read("queue", limit.queue);
  options.read("queueTimeout", limit.queue_timeout);
  return options.end(validate(limit)) ? Made(concurrency_limit(limit)) : std::nullopt;
}

Made read_adaptive_limit(const JsonNode& node, PolicyObserver* observer) {
  AdaptiveLimitOptions limit;
  limit.observer = observer;
  Options options(node);
  options.read("initialLimit", limit.initial_limit);
  options.read("minLimit", limit.min_limit);
  options.read("maxLimit", limit.max_limit);
  options.read("tolerance", limit.tolerance);
  options.read("smoothing", limit.smoothing);
  options.read("window", limit.window);
  options.read("minSamples", limit.min_samples);
  options.read("remeasureInterval", limit.remeasure_interval);
  options.read("shares", limit.shares);
  return options.end(validate(limit)) ? Made(adaptive_limit(limit)) : std::nullopt;
}

Made read_deadline_shedding(const JsonNode& node, PolicyObserver* observer) {
  DeadlineSheddingOptions shedding;
  shedding.observer = observer;
  Options options(node);
  options.read("quantile", shedding.quantile);
  options.read("minSamples", shedding.min_samples);
  options.read("probeShare", shedding.probe_share);
  options.read("maxMethods", shedding.max_methods);
  return options.end(validate(shedding)) ? Made(shed_by_deadline(shedding)) : std::nullopt;
}

Made read_priority_shedding(const JsonNode& node, PolicyObserver* observer) {
  PrioritySheddingOptions shedding;
  shedding.observer = observer;
  Options options(node);
  options.read("limit", shedding.limit);
  options.read("shares", shedding.shares);
  return options.end(validate(shedding)) ? Made(shed_by_priority(shedding)) : std::nullopt;
}

Made read_fault_injection(const JsonNode& node, PolicyObserver* observer) {
  FaultInjectionOptions faults;
  faults.observer = observer;
  Options options(node);
  options.read("delayShare", faults.delay_share);
  options.read("delay", faults.delay);
  options.read("abortShare", faults.abort_share);
  const JsonNode code = options.at("abortCode");
  if (code.present()) faults.abort_code = code_of(code).value_or(faults.abort_code);
  options.read("abortMessage", faults.abort_message);
  options.read("fromMetadata", faults.from_metadata);
  options.read("maxDelay", faults.max_delay);
  options.read("metadataName", faults.metadata_name);
  options.read("metadataValue", faults.metadata_value);
  options.read("maxActiveFaults", faults.max_active_faults);
  return options.end(validate(faults)) ? Made(fault_injection(faults)) : std::nullopt;
}

Made read_single_flight(const JsonNode& node, PolicyObserver* observer) {
  SingleFlightOptions flights;
  flights.observer = observer;
  Options options(node);
  options.read("vary", flights.vary);
  options.read("acrossPrincipals", flights.across_principals);
  options.read("sharedMethods", flights.methods);
  options.read("maxRequestSize", flights.max_request_size);
  return options.end() ? Made(single_flight(flights)) : std::nullopt;
}

Made read_response_cache(const JsonNode& node, PolicyObserver* observer) {
  ResponseCacheOptions cache;
  cache.observer = observer;
  Options options(node);
  options.read("maxBytes", cache.max_bytes);
  options.read("maxEntryBytes", cache.max_entry_bytes);
  options.read("ttl", cache.ttl);
  options.read("vary", cache.vary);
  options.read("acrossPrincipals", cache.across_principals);
  options.read("sharedMethods", cache.methods);
  return options.end(validate(cache)) ? Made(response_cache(cache)) : std::nullopt;
}

struct Known {
  std::string_view name;
  Made (*read)(const JsonNode&, PolicyObserver*);
};
constexpr std::array<Known, 11> kKnown = {{{"accessLog", &read_access_log},
                                           {"adaptiveLimit", &read_adaptive_limit},
                                           {"circuitBreaker", &read_circuit_breaker},
                                           {"concurrencyLimit", &read_concurrency_limit},
                                           {"deadlineShedding", &read_deadline_shedding},
                                           {"faultInjection", &read_fault_injection},
                                           {"priorityShedding", &read_priority_shedding},
                                           {"rateLimit", &read_rate_limit},
                                           {"responseCache", &read_response_cache},
                                           {"singleFlight", &read_single_flight},
                                           {"timeout", &read_timeout}}};

const Known* find_known(std::string_view name) {
  const auto at = std::find_if(kKnown.begin(), kKnown.end(),
                               [name](const Known& known) { return known.name == name; });
  return at == kKnown.end() ? nullptr : &*at;
}

}  // namespace

bool is_policy(std::string_view name) { return find_known(name) != nullptr; }

std::string policy_names() {
  std::string names;
  for (const Known& known : kKnown) names.append(names.empty() ? "" : ", ").append(known.name);
  return names;
}

std::optional<Middleware> policy_of(std::string_view name, const JsonNode& node,
                                    PolicyObserver* observer) {
  return find_known(name)->read(node, observer);
}

}  // namespace weft::middleware
