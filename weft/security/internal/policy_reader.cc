#include "weft/security/internal/policy_reader.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "weft/base/text/ascii.h"
#include "weft/middleware/config/json_node.h"

namespace weft::security {
namespace {

using middleware::JsonDocument;
using middleware::JsonNode;

std::vector<Pattern> patterns_of(const JsonNode& node) {
  std::vector<Pattern> patterns;
  for (const std::string& text : node.texts().value_or(std::vector<std::string>())) {
    patterns.emplace_back(text);
  }
  return patterns;
}

/// Those that a transport, not the caller, decides on (gRFC A43), and those of one hop (RFC 9110
/// section 7.6.1).
bool may_be_asked_for(std::string_view key) noexcept {
  constexpr std::array<std::string_view, 9> kNot = {"host",
                                                    "connection",
                                                    "keep-alive",
                                                    "proxy-authenticate",
                                                    "proxy-authorization",
                                                    "te",
                                                    "trailer",
                                                    "transfer-encoding",
                                                    "upgrade"};
  return !key.empty() && !key.starts_with(':') && !key.starts_with("grpc-") &&
         std::find(kNot.begin(), kNot.end(), key) == kNot.end();
}

HeaderCondition header_of(const JsonNode& node) {
  HeaderCondition header;
  if (!node.is_object()) return header;
  node.allow_only({"key", "values"});
  if (const auto key = node["key"].text()) header.key = ascii::lower(*key);
  if (!may_be_asked_for(header.key)) {
    node["key"].expect("a name of metadata that callers may send");
  }
  header.values = patterns_of(node["values"]);
  if (header.values.empty()) node["values"].expect("a list of at least one text");
  return header;
}

void read_request(const JsonNode& node, Rule& rule) {
  if (!node.present() || !node.is_object()) return;
  node.allow_only({"paths", "headers"});
  rule.paths = patterns_of(node["paths"]);
  for (const JsonNode& header : node["headers"].list()) rule.headers.push_back(header_of(header));
}

Rule rule_of(const JsonNode& node, const std::string& policy) {
  Rule rule;
  if (!node.is_object()) return rule;
  node.allow_only({"name", "source", "request"});
  const std::optional<std::string> name = node["name"].text();
  if (!name) node["name"].expect("a name");
  rule.name = policy + "_" + name.value_or(std::string());
  if (const JsonNode source = node["source"]; source.present() && source.is_object()) {
    source.allow_only({"principals"});
    rule.principals = patterns_of(source["principals"]);
  }
  read_request(node["request"], rule);
  return rule;
}

std::vector<Rule> rules_of(const JsonNode& node, const std::string& policy) {
  std::vector<Rule> rules;
  for (const JsonNode& element : node.list()) rules.push_back(rule_of(element, policy));
  return rules;
}

AuditCondition condition_of(const JsonNode& node) {
  const std::optional<std::string> text = node.text();
  if (!text || *text == "NONE") return AuditCondition::Never;
  if (*text == "ON_DENY") return AuditCondition::OnDeny;
  if (*text == "ON_ALLOW") return AuditCondition::OnAllow;
  if (*text == "ON_DENY_AND_ALLOW") return AuditCondition::OnDenyAndAllow;
  node.expect("NONE, ON_DENY, ON_ALLOW or ON_DENY_AND_ALLOW");
  return AuditCondition::Never;
}

/// Loggers are gRPC's own kind of plug-in: what is recorded here is the program's to say, so only
/// one that may be missing is passed over.
void check_loggers(const JsonNode& node) {
  for (const JsonNode& logger : node.list()) {
    if (!logger.is_object()) continue;
    logger.allow_only({"name", "config", "is_optional"});
    if (!logger["name"].text()) logger["name"].expect("a name");
    if (!logger["is_optional"].boolean().value_or(false)) {
      logger["name"].expect(
          "a logger with \"is_optional\": true, since weft has none by name "
          "(AuthorizationOptions::on_decision gets the decisions)");
    }
  }
}

}  // namespace

Result<PolicyRules> read_policy(std::string_view json) {
  Result<JsonDocument> document = JsonDocument::parse(json);
  if (!document.ok()) return std::move(document).status().with_prefix("authorization policy");
  const JsonNode root = document->root();
  PolicyRules policy;
  if (root.is_object()) {
    root.allow_only({"name", "deny_rules", "allow_rules", "audit_logging_options"});
    const std::optional<std::string> name = root["name"].text();
    if (!name) root["name"].expect("a name");
    policy.name = name.value_or(std::string());
    policy.deny = rules_of(root["deny_rules"], policy.name);
    if (!root["allow_rules"].present()) root["allow_rules"].expect("a list of rules");
    policy.allow = rules_of(root["allow_rules"], policy.name);
    if (const JsonNode audit = root["audit_logging_options"];
        audit.present() && audit.is_object()) {
      audit.allow_only({"audit_condition", "audit_logger", "audit_loggers"});
      policy.audit = condition_of(audit["audit_condition"]);
      check_loggers(audit["audit_logger"]);
      check_loggers(audit["audit_loggers"]);
    }
  }
  Status problems = document->problems();
  if (!problems.ok()) return problems.with_prefix("authorization policy");
  return policy;
}

}  // namespace weft::security
