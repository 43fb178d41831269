#include "weft/middleware/config/internal/policy_json.h"

#include <algorithm>
#include <array>
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

// A policy from JSON is a function that names its options, and its entry in kKnown.
namespace weft::middleware {
namespace {

template <class T>
void assign(T& option, std::optional<T> value) {
  if (value) option = std::move(*value);
}

template <class Integer>
void read_integer(const JsonNode& node, Integer& into) {
  constexpr std::uint64_t kMost = std::numeric_limits<Integer>::max();
  const auto value = node.integer(0, kMost, "an integer of at least 0");
  if (value) into = static_cast<Integer>(*value);
}

/// The value at `node` in an option's type; the option stays as it is where there is none or, with
/// a problem noted, one of another kind. Ranges are the policy's `validate()` to check.
void read_option(const JsonNode& node, bool& into) { assign(into, node.boolean()); }

void read_option(const JsonNode& node, double& into) {
  constexpr double kAny = std::numeric_limits<double>::max();
  assign(into, node.number(-kAny, kAny, "a number"));
}

void read_option(const JsonNode& node, std::uint32_t& into) { read_integer(node, into); }
void read_option(const JsonNode& node, std::size_t& into) { read_integer(node, into); }
void read_option(const JsonNode& node, Duration& into) { assign(into, node.duration()); }
void read_option(const JsonNode& node, std::string& into) { assign(into, node.text()); }

void read_option(const JsonNode& node, std::vector<std::string>& into) {
  assign(into, node.texts());
}

void read_option(const JsonNode& node, StatusCode& into) {
  if (node.present()) assign(into, code_of(node));
}

void read_option(const JsonNode& node, CallKey& into) {
  constexpr std::string_view kMetadata = "metadata:";
  const std::optional<std::string> name = node.text();
  if (!name) return;
  if (*name == "method") {
    into = by_method();
  } else if (*name == "peer") {
    into = by_peer();
  } else if (*name == "principal") {
    into = by_principal();
  } else if (*name == "identity") {
    into = by_identity();
  } else if (name->starts_with(kMetadata) && name->size() > kMetadata.size()) {
    into = by_metadata(std::string_view(*name).substr(kMetadata.size()));
  } else {
    node.expect("\"method\", \"peer\", \"principal\", \"identity\" or \"metadata:NAME\"");
  }
}

void read_option(const JsonNode& node, PriorityShares& into);
void read_option(const JsonNode& node, std::optional<PriorityShares>& into);

/// An option: its name in JSON and its member in the policy's struct.
template <class Options, class T>
struct Field {
  constexpr Field(std::string_view name, T Options::*member) : name(name), member(member) {}
  std::string_view name;
  T Options::*member;
};

/// Reads the fields that `node` has and notes its members that are no field. False, with the
/// problem noted, if `node` is no object.
template <class Options, class... T>
bool read_options(const JsonNode& node, Options& into, const Field<Options, T>&... fields) {
  if (!node.is_object()) return false;
  (read_option(node[fields.name], into.*fields.member), ...);
  node.allow_only({fields.name...});
  return true;
}

void read_option(const JsonNode& node, PriorityShares& into) {
  if (!node.present()) return;
  using O = PriorityShares;
  static_cast<void>(read_options(
      node, into, Field("criticalPlus", &O::critical_plus), Field("critical", &O::critical),
      Field("sheddablePlus", &O::sheddable_plus), Field("sheddable", &O::sheddable)));
}

void read_option(const JsonNode& node, std::optional<PriorityShares>& into) {
  if (node.present()) read_option(node, into.emplace());
}

using Made = std::optional<Middleware>;

/// Makes the policy whose options are `node`'s; nothing, with the problems noted, if it cannot be.
template <class Options, class... Fields>
Made read(const JsonNode& node, PolicyObserver* observer, Middleware (*make)(Options),
          const Fields&... fields) {
  Options options;
  if constexpr (requires { options.observer; }) options.observer = observer;
  if (!read_options(node, options, fields...)) return std::nullopt;
  if constexpr (requires { validate(options); }) {
    if (const Status valid = validate(options); !valid.ok()) {
      node.note(valid.message());
      return std::nullopt;
    }
  }
  return make(std::move(options));
}

Made read_access_log(const JsonNode& node, PolicyObserver* observer) {
  return read(node, observer, &access_log, Field("slowerThan", &AccessLogOptions::slower_than));
}

Made read_adaptive_limit(const JsonNode& node, PolicyObserver* observer) {
  using O = AdaptiveLimitOptions;
  return read(node, observer, &adaptive_limit, Field("initialLimit", &O::initial_limit),
              Field("minLimit", &O::min_limit), Field("maxLimit", &O::max_limit),
              Field("tolerance", &O::tolerance), Field("smoothing", &O::smoothing),
              Field("window", &O::window), Field("minSamples", &O::min_samples),
              Field("remeasureInterval", &O::remeasure_interval), Field("shares", &O::shares));
}

Made read_circuit_breaker(const JsonNode& node, PolicyObserver* observer) {
  using O = CircuitBreakerOptions;
  return read(
      node, observer, &circuit_breaker, Field("consecutiveFailures", &O::consecutive_failures),
      Field("failureRatio", &O::failure_ratio), Field("minimumCalls", &O::minimum_calls),
      Field("window", &O::window), Field("openTime", &O::open_time),
      Field("maxOpenTime", &O::max_open_time), Field("growth", &O::growth),
      Field("jitter", &O::jitter), Field("probes", &O::probes), Field("maxKeys", &O::max_keys));
}

Made read_concurrency_limit(const JsonNode& node, PolicyObserver* observer) {
  using O = ConcurrencyLimitOptions;
  return read<O>(node, observer, &concurrency_limit, Field("limit", &O::limit),
                 Field("queue", &O::queue), Field("queueTimeout", &O::queue_timeout));
}

Made read_deadline_shedding(const JsonNode& node, PolicyObserver* observer) {
  using O = DeadlineSheddingOptions;
  return read(node, observer, &shed_by_deadline, Field("quantile", &O::quantile),
              Field("minSamples", &O::min_samples), Field("probeShare", &O::probe_share),
              Field("maxMethods", &O::max_methods));
}

Made read_fault_injection(const JsonNode& node, PolicyObserver* observer) {
  using O = FaultInjectionOptions;
  return read(node, observer, &fault_injection, Field("delayShare", &O::delay_share),
              Field("delay", &O::delay), Field("abortShare", &O::abort_share),
              Field("abortCode", &O::abort_code), Field("abortMessage", &O::abort_message),
              Field("fromMetadata", &O::from_metadata), Field("maxDelay", &O::max_delay),
              Field("metadataName", &O::metadata_name), Field("metadataValue", &O::metadata_value),
              Field("maxActiveFaults", &O::max_active_faults));
}

Made read_priority_shedding(const JsonNode& node, PolicyObserver* observer) {
  using O = PrioritySheddingOptions;
  return read(node, observer, &shed_by_priority, Field("limit", &O::limit),
              Field("shares", &O::shares));
}

Made read_rate_limit(const JsonNode& node, PolicyObserver* observer) {
  using O = RateLimitOptions;
  return read(node, observer, &rate_limit, Field("rate", &O::rate), Field("burst", &O::burst),
              Field("key", &O::key), Field("maxKeys", &O::max_keys), Field("maxWait", &O::max_wait),
              Field("pushBack", &O::push_back));
}

Made read_response_cache(const JsonNode& node, PolicyObserver* observer) {
  using O = ResponseCacheOptions;
  return read(node, observer, &response_cache, Field("maxBytes", &O::max_bytes),
              Field("maxEntryBytes", &O::max_entry_bytes), Field("ttl", &O::ttl),
              Field("vary", &O::vary), Field("acrossPrincipals", &O::across_principals),
              Field("sharedMethods", &O::methods));
}

Made read_single_flight(const JsonNode& node, PolicyObserver* observer) {
  using O = SingleFlightOptions;
  return read(node, observer, &single_flight, Field("vary", &O::vary),
              Field("acrossPrincipals", &O::across_principals), Field("sharedMethods", &O::methods),
              Field("maxRequestSize", &O::max_request_size));
}

/// The one policy whose option is not in a struct, for it has no default.
Made read_timeout(const JsonNode& node, PolicyObserver*) {
  if (!node.is_object()) return std::nullopt;
  const JsonNode limit = node["limit"];
  if (!limit.present()) limit.expect("a duration in seconds as \"1.5s\"");
  const auto value = limit.positive_duration();
  node.allow_only({"limit"});
  return value ? Made(timeout(*value)) : std::nullopt;
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
