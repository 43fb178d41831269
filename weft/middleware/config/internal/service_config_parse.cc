#include <algorithm>
#include <set>
#include <utility>

#include "weft/middleware/config/internal/json_code.h"
#include "weft/middleware/config/internal/method_names.h"
#include "weft/middleware/config/internal/service_config_balancing.h"
#include "weft/middleware/config/json_node.h"
#include "weft/middleware/config/service_config.h"

// The fields are those of grpc/service_config/service_config.proto; gRFC A6 says what retryPolicy,
// hedgingPolicy and retryThrottling may be.
namespace weft {
namespace {

using middleware::code_of;
using middleware::JsonDocument;
using middleware::JsonNode;

std::string path_of(const MethodConfig::Name& name) {
  return "/" + name.service + "/" + name.method;
}

StatusCodeSet codes_of(const JsonNode& list) {
  StatusCodeSet codes;
  for (const JsonNode& element : list.list()) {
    // gRPC takes OK as well, and means nothing by it.
    const std::optional<StatusCode> code = code_of(element);
    if (code && *code != StatusCode::Ok) codes.add(*code);
  }
  return codes;
}

std::uint32_t attempts_of(const JsonNode& node, std::uint32_t most) {
  constexpr std::string_view kExpected = "an integer of at least 2";
  if (!node.present()) node.expect(kExpected);
  const auto attempts = node.integer(2, UINT32_MAX, kExpected);
  return attempts ? static_cast<std::uint32_t>(std::min<std::uint64_t>(*attempts, most)) : 1;
}

Duration required_duration(const JsonNode& node, Duration otherwise) {
  if (!node.present()) node.expect("a duration in seconds as \"1.5s\"");
  return node.positive_duration().value_or(otherwise);
}

RetryOptions read_retry(const JsonNode& node, const ServiceConfigOptions& options) {
  RetryOptions retry;
  retry.observer = options.observer;
  retry.max_attempts = attempts_of(node["maxAttempts"], options.max_attempts);
  retry.max_backoff = required_duration(node["maxBackoff"], retry.max_backoff);
  const Duration first = required_duration(node["initialBackoff"], retry.initial_backoff);
  retry.initial_backoff = std::min(first, retry.max_backoff);
  const JsonNode multiplier = node["backoffMultiplier"];
  if (!multiplier.present()) multiplier.expect("a number of more than 0");
  // gRPC allows pauses that become shorter; they stay as they are then.
  retry.multiplier =
      std::clamp(multiplier.number(0, 1e300, "a number of more than 0").value_or(1), 1.0, 1000.0);
  retry.per_try_timeout = node["perAttemptRecvTimeout"].positive_duration().value_or(kForever);
  const JsonNode codes = node["retryableStatusCodes"];
  retry.codes = codes_of(codes);
  const bool none = !codes.present() || codes.is_empty_list();
  if (none && retry.per_try_timeout == kForever) {
    codes.expect("a list of at least one status code");
  }
  return retry;
}

HedgeOptions read_hedge(const JsonNode& node, const ServiceConfigOptions& options) {
  HedgeOptions hedge;
  hedge.observer = options.observer;
  hedge.max_attempts = attempts_of(node["maxAttempts"], options.max_attempts);
  hedge.delay = node["hedgingDelay"].duration().value_or(Duration::zero());
  hedge.non_fatal = codes_of(node["nonFatalStatusCodes"]);
  return hedge;
}

std::optional<std::size_t> size_of(const JsonNode& node) {
  const auto size = node.integer(0, UINT32_MAX, "a number of bytes from 0 to 4294967295");
  return size ? std::optional<std::size_t>(*size) : std::nullopt;
}

/// `seen`: names of all elements so far, as paths.
std::vector<MethodConfig::Name> read_names(const JsonNode& list, std::set<std::string>& seen) {
  std::vector<MethodConfig::Name> names;
  for (const JsonNode& element : list.list()) {
    if (!element.is_object()) continue;
    MethodConfig::Name name{element["service"].text().value_or(""),
                            element["method"].text().value_or("")};
    if (name.service.empty() && !name.method.empty()) {
      element["service"].expect("the method's service");
    } else if (!seen.insert(path_of(name)).second) {
      element.note("has a config already; a name may be in one place only");
    }
    middleware::warn_of_doubt("service config", name.service, name.method);
    names.push_back(std::move(name));
  }
  return names;
}

MethodConfig read_method(const JsonNode& node, const ServiceConfigOptions& options,
                         std::set<std::string>& seen) {
  MethodConfig method;
  if (!node.is_object()) return method;
  method.names = read_names(node["name"], seen);
  // As in gRPC, "0s" is none.
  const Duration timeout = node["timeout"].duration().value_or(Duration::zero());
  if (timeout != Duration::zero()) method.timeout = timeout;
  method.wait_for_ready = node["waitForReady"].boolean();
  method.max_request_bytes = size_of(node["maxRequestMessageBytes"]);
  method.max_response_bytes = size_of(node["maxResponseMessageBytes"]);
  const JsonNode retry = node["retryPolicy"];
  const JsonNode hedge = node["hedgingPolicy"];
  if (retry.present() && hedge.present()) {
    node.note("has both a retryPolicy and a hedgingPolicy; a call is either retried or hedged");
  }
  if (retry.present() && retry.is_object()) method.retry = read_retry(retry, options);
  if (hedge.present() && hedge.is_object()) method.hedge = read_hedge(hedge, options);
  return method;
}

std::optional<TokenBudgetOptions> read_throttling(const JsonNode& node) {
  if (!node.present() || !node.is_object()) return std::nullopt;
  constexpr std::string_view kTokens = "a number of more than 0, at most 1000";
  constexpr std::string_view kRatio = "a number of more than 0";
  TokenBudgetOptions budget;
  if (!node["maxTokens"].present()) node["maxTokens"].expect(kTokens);
  if (!node["tokenRatio"].present()) node["tokenRatio"].expect(kRatio);
  budget.max_tokens = node["maxTokens"].number(0, 1000, kTokens).value_or(budget.max_tokens);
  const double ratio = node["tokenRatio"].number(0, 1e300, kRatio).value_or(budget.token_ratio);
  // gRFC A6: three digits behind the point count.
  constexpr double kLeast = 0.001;
  if (ratio < kLeast) node["tokenRatio"].expect("at least 0.001");
  budget.token_ratio = std::clamp(ratio, kLeast, 1000.0);
  return budget;
}

}  // namespace

Result<ServiceConfig> ServiceConfig::parse(std::string_view json,
                                           const ServiceConfigOptions& options) {
  Result<JsonDocument> document = JsonDocument::parse(json);
  if (!document.ok()) return std::move(document).status().with_prefix("service config");
  ServiceConfig config;
  const JsonNode root = document->root();
  if (root.is_object()) {
    std::set<std::string> seen;
    for (const JsonNode& node : root["methodConfig"].list()) {
      config.methods.push_back(read_method(node, options, seen));
    }
    config.retry_throttling = read_throttling(root["retryThrottling"]);
    const JsonNode health = root["healthCheckConfig"];
    if (health.present() && health.is_object()) {
      config.health_service = health["serviceName"].text();
    }
    middleware::read_balancing(root, config);
  }
  Status problems = document->problems();
  if (!problems.ok()) return problems.with_prefix("service config");
  return config;
}

const MethodConfig* ServiceConfig::find(std::string_view path) const noexcept {
  const MethodConfig* of_service = nullptr;
  const MethodConfig* of_all = nullptr;
  if (path.starts_with('/')) path.remove_prefix(1);
  const std::size_t slash = std::min(path.find('/'), path.size());
  const std::string_view service = path.substr(0, slash);
  const std::string_view method = path.substr(std::min(slash + 1, path.size()));
  for (const MethodConfig& config : methods) {
    for (const MethodConfig::Name& name : config.names) {
      if (name.service.empty()) {
        of_all = &config;
      } else if (name.service == service) {
        if (name.method == method && !method.empty()) return &config;
        if (name.method.empty()) of_service = &config;
      }
    }
  }
  return of_service != nullptr ? of_service : of_all;
}

}  // namespace weft
