#include "weft/middleware/config/internal/service_config_balancing.h"

#include <algorithm>
#include <array>
#include <utility>

#include "weft/base/text/ascii.h"

// The options are gRPC's: grpc/service_config/service_config.proto; gRFC A42 (ring hash), A48
// (least request), A50 (outlier detection), A58 (weighted round robin), A62 (pick first).
namespace weft::middleware {
namespace {

constexpr std::uint64_t kMost32 = UINT32_MAX;

std::optional<std::uint32_t> percent(const JsonNode& node) {
  const auto value = node.integer(0, 100, "a percentage, an integer from 0 to 100");
  return value ? std::optional(static_cast<std::uint32_t>(*value)) : std::nullopt;
}

std::optional<std::uint32_t> count(const JsonNode& node, std::uint64_t least = 0) {
  const auto value =
      node.integer(least, kMost32, "an integer of at least " + std::to_string(least));
  return value ? std::optional(static_cast<std::uint32_t>(*value)) : std::nullopt;
}

template <class T>
void assign(T& option, std::optional<T> value) {
  if (value) option = std::move(*value);
}

Balancing read_pick_first(const JsonNode& node) {
  PickFirstOptions options;
  assign(options.shuffle, node["shuffleAddressList"].boolean());
  return pick_first(options);
}

Balancing read_weighted_round_robin(const JsonNode& node) {
  WeightedRoundRobinOptions options;
  assign(options.blackout_period, node["blackoutPeriod"].duration());
  assign(options.weight_expiration_period, node["weightExpirationPeriod"].duration());
  if (const auto period = node["weightUpdatePeriod"].duration()) {
    // gRFC A58: a shorter one is taken for the least.
    options.weight_update_period = std::max<Duration>(*period, std::chrono::milliseconds(100));
  }
  assign(options.error_utilization_penalty,
         node["errorUtilizationPenalty"].number(-1e-300, 1e9, "a number of at least 0"));
  return weighted_round_robin(options);
}

Balancing read_least_request(const JsonNode& node) {
  LeastRequestOptions options;
  if (const auto choices = count(node["choiceCount"], 2)) {
    // gRFC A48: more than 10 are taken for 10.
    options.choice_count = std::min<std::uint32_t>(*choices, 10);
  }
  return least_request(options);
}

Balancing read_ring_hash(const JsonNode& node) {
  RingHashOptions options;
  options.points_per_instance = 0;  // the ring of gRPC's callers, whose sizes these are
  constexpr std::string_view kSize = "an integer from 1 to 8388608";
  const auto least = node["minRingSize"].integer(1, kMaxRingSize, kSize);
  const auto most = node["maxRingSize"].integer(1, kMaxRingSize, kSize);
  assign(options.min_ring_size, least);
  assign(options.max_ring_size, most);
  if (options.min_ring_size > options.max_ring_size) {
    const std::string limit = std::to_string(options.max_ring_size);
    node["minRingSize"].expect("at most maxRingSize, " + limit);
  }
  assign(options.request_hash_header, node["requestHashHeader"].text());
  return ring_hash(options);
}

Balancing read_peak_ewma(const JsonNode& node) {
  PeakEwmaOptions options;
  assign(options.decay, node["decay"].positive_duration());
  assign(options.failure_latency, node["failureLatency"].duration());
  return peak_ewma(options);
}

Balancing read_round_robin(const JsonNode&) { return round_robin(); }
Balancing read_random(const JsonNode&) { return random_choice(); }

SuccessRateEjection read_success_rate(const JsonNode& node) {
  SuccessRateEjection options;
  if (const auto factor = count(node["stdevFactor"])) {
    options.stdev_factor = *factor / 1000.0;
  }
  assign(options.enforcement_percent, percent(node["enforcementPercentage"]));
  assign(options.minimum_hosts, count(node["minimumHosts"]));
  assign(options.request_volume, count(node["requestVolume"]));
  return options;
}

FailurePercentageEjection read_failure_percentage(const JsonNode& node) {
  FailurePercentageEjection options;
  assign(options.threshold_percent, percent(node["threshold"]));
  assign(options.enforcement_percent, percent(node["enforcementPercentage"]));
  assign(options.minimum_hosts, count(node["minimumHosts"]));
  assign(options.request_volume, count(node["requestVolume"]));
  return options;
}

Balancing read_list(const JsonNode& list, std::optional<OutlierOptions>& outliers, bool within);

/// gRFC A50. What it does not name, consecutive failures and latency, it does not ask for.
Balancing read_outlier_detection(const JsonNode& node, std::optional<OutlierOptions>& outliers) {
  OutlierOptions options;
  options.consecutive_failures.reset();
  options.success_rate.reset();
  options.failure_percentage.reset();
  options.latency.reset();
  assign(options.interval, node["interval"].positive_duration());
  assign(options.base_ejection_time, node["baseEjectionTime"].positive_duration());
  assign(options.max_ejection_time, node["maxEjectionTime"].positive_duration());
  assign(options.max_ejection_percent, percent(node["maxEjectionPercent"]));
  const JsonNode success = node["successRateEjection"];
  if (success.present() && success.is_object()) options.success_rate = read_success_rate(success);
  const JsonNode failure = node["failurePercentageEjection"];
  if (failure.present() && failure.is_object()) {
    options.failure_percentage = read_failure_percentage(failure);
  }
  Balancing child = read_list(node["childPolicy"], outliers, true);
  if (!node["childPolicy"].present()) {
    node["childPolicy"].expect("a list of policies; outlier detection uses one of them");
  }
  // gRFC A50: one server's addresses are not held against each other.
  const bool compares = child != nullptr && !child->joins_endpoints();
  if (compares && (options.success_rate || options.failure_percentage)) outliers = options;
  return child;
}

struct Known {
  std::string_view name;
  Balancing (*read)(const JsonNode&);
};
constexpr std::array<Known, 7> kKnown = {{{"pick_first", &read_pick_first},
                                          {"round_robin", &read_round_robin},
                                          {"weighted_round_robin", &read_weighted_round_robin},
                                          {"least_request_experimental", &read_least_request},
                                          {"ring_hash_experimental", &read_ring_hash},
                                          {"random", &read_random},
                                          {"peak_ewma", &read_peak_ewma}}};
constexpr std::string_view kOutlierDetection = "outlier_detection_experimental";

const Known* find_known(std::string_view name) {
  const auto at = std::find_if(kKnown.begin(), kKnown.end(),
                               [name](const Known& known) { return known.name == name; });
  return at == kKnown.end() ? nullptr : &*at;
}

std::string known_names() {
  std::string names;
  for (const Known& known : kKnown) names.append(known.name).append(", ");
  return names.append(kOutlierDetection);
}

/// The first policy of a list that is known; those behind it are not looked at (gRPC's
/// service_config.proto: clients iterate and stop at the first policy that they support).
Balancing read_list(const JsonNode& list, std::optional<OutlierOptions>& outliers, bool within) {
  const std::vector<JsonNode> elements = list.list();
  for (const JsonNode& element : elements) {
    const std::vector<std::string> names = element.names();
    if (names.size() != 1) {
      element.expect("an object of one member, the policy's name");
      return nullptr;
    }
    const JsonNode config = element[names[0]];
    const bool outlier = names[0] == kOutlierDetection;
    const Known* const known = find_known(names[0]);
    if (!config.is_object()) return nullptr;
    if (known == nullptr && !outlier) continue;
    if (outlier && within) {
      config.note("is nested in another one, where it has no effect");
      return nullptr;
    }
    return outlier ? read_outlier_detection(config, outliers) : known->read(config);
  }
  if (list.present()) list.expect("a list with a known policy: " + known_names());
  return nullptr;
}

}  // namespace

void read_balancing(const JsonNode& root, ServiceConfig& into) {
  // Deprecated in gRPC, and in any case of letters: "ROUND_ROBIN".
  const JsonNode older = root["loadBalancingPolicy"];
  if (std::string name = older.text().value_or(""); !name.empty()) {
    for (char& c : name) c = ascii::lower(c);
    const Known* const known = find_known(name);
    if (known == nullptr) older.expect("a known policy: " + known_names());
    if (known != nullptr) into.balancing = known->read(older);
  }
  const JsonNode list = root["loadBalancingConfig"];
  if (list.present()) into.balancing = read_list(list, into.outlier_detection, false);
}

}  // namespace weft::middleware
