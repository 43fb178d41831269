#include "weft/security/envoy/internal/rate_rules.h"

#include <array>
#include <utility>

#include "weft/middleware/config/json_node.h"

namespace weft::security::internal {
namespace {

using middleware::JsonDocument;
using middleware::JsonNode;

constexpr int kMostLevels = 10;

constexpr std::array<std::pair<std::string_view, RateUnit>, 4> kUnits = {
    {{"second", rls::RateLimitResponse::RateLimit::SECOND},
     {"minute", rls::RateLimitResponse::RateLimit::MINUTE},
     {"hour", rls::RateLimitResponse::RateLimit::HOUR},
     {"day", rls::RateLimitResponse::RateLimit::DAY}}};

std::optional<RateUnit> unit_of(const JsonNode& node) {
  const std::optional<std::string> text = node.text();
  for (const auto& [name, unit] : kUnits) {
    if (text == name) return unit;
  }
  if (text || !node.present()) node.expect("second, minute, hour or day");
  return std::nullopt;
}

std::optional<RateRule> rule_of(const JsonNode& node) {
  const JsonNode limit = node["rate_limit"];
  if (!limit.present() || !limit.is_object()) return std::nullopt;
  limit.allow_only({"unit", "requests_per_unit"});
  const std::optional<RateUnit> unit = unit_of(limit["unit"]);
  const JsonNode calls = limit["requests_per_unit"];
  if (!calls.present()) calls.expect("a number of calls");
  const std::optional<std::uint64_t> number = calls.integer(0, UINT32_MAX, "a number of calls");
  if (!unit || !number) return std::nullopt;
  return RateRule{static_cast<std::uint32_t>(*number), *unit};
}

void read_level(const JsonNode& list, RateNode& into, int levels);

void read_rule(const JsonNode& node, RateNode& into, int levels) {
  if (!node.is_object()) return;
  node.allow_only({"key", "value", "rate_limit", "unlimited", "descriptors"});
  const std::string key = node["key"].text().value_or("");
  if (key.empty()) return node.note("needs a \"key\"");
  const std::optional<std::string> value = node["value"].text();
  auto& nodes = value ? into.by_value : into.by_key;
  const auto [at, is_new] = nodes.try_emplace(value ? key + "=" + *value : key);
  if (!is_new) return node.note("comes twice");
  at->second.rule = rule_of(node);
  if (node["unlimited"].boolean().value_or(false) && at->second.rule) {
    node.note("has a limit, and is unlimited");
  }
  read_level(node["descriptors"], at->second, levels - 1);
}

void read_level(const JsonNode& list, RateNode& into, int levels) {
  if (!list.present()) return;
  if (levels == 0) return list.note("is deeper than 10 levels");
  for (const JsonNode& each : list.list()) read_rule(each, into, levels);
}

const RateNode* step(const RateNode& from, const rls::RateLimitDescriptor::Entry& entry) {
  const auto exact = from.by_value.find(entry.key() + "=" + entry.value());
  if (exact != from.by_value.end()) return &exact->second;
  const auto any = from.by_key.find(entry.key());
  return any == from.by_key.end() ? nullptr : &any->second;
}

}  // namespace

std::chrono::seconds length_of(RateUnit unit) noexcept {
  using std::chrono::hours;
  switch (unit) {
    case rls::RateLimitResponse::RateLimit::MINUTE:
      return std::chrono::minutes(1);
    case rls::RateLimitResponse::RateLimit::HOUR:
      return hours(1);
    case rls::RateLimitResponse::RateLimit::DAY:
      return hours(24);
    default:
      return std::chrono::seconds(1);
  }
}

Result<RateRules> RateRules::parse(std::string_view json) {
  Result<JsonDocument> document = JsonDocument::parse(json);
  if (!document.ok()) return std::move(document).status();
  const JsonNode root = document->root();
  root.allow_only({"domains"});
  const JsonNode domains = root["domains"];
  if (!domains.present()) domains.expect("a list of domains");
  RateRules rules;
  for (const JsonNode& each : domains.list()) {
    if (!each.is_object()) continue;
    each.allow_only({"domain", "descriptors"});
    const std::string name = each["domain"].text().value_or("");
    if (name.empty()) each.note("needs a \"domain\"");
    const auto [at, is_new] = rules.domains_.try_emplace(name);
    if (!is_new) each.note("comes twice");
    if (is_new) read_level(each["descriptors"], at->second, kMostLevels);
  }
  Status problems = document->problems();
  if (!problems.ok()) return problems;
  return rules;
}

const RateRule* RateRules::find(std::string_view domain,
                                const rls::RateLimitDescriptor& descriptor) const {
  const auto found = domains_.find(domain);
  if (found == domains_.end() || descriptor.entries().empty()) return nullptr;
  const RateNode* at = &found->second;
  for (const auto& entry : descriptor.entries()) {
    at = step(*at, entry);
    if (at == nullptr) return nullptr;
  }
  return at->rule ? &*at->rule : nullptr;
}

}  // namespace weft::security::internal
