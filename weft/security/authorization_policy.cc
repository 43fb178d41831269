#include "weft/security/authorization_policy.h"

#include <algorithm>
#include <utility>

#include "weft/security/internal/policy_reader.h"
#include "weft/security/internal/rule.h"

namespace weft::security {
namespace {

const Rule* first_match(const std::vector<Rule>& rules, Effect effect,
                        const AuthorizationRequest& request) {
  const auto rule = std::find_if(rules.begin(), rules.end(),
                                 [&](const Rule& one) { return matches(one, effect, request); });
  return rule == rules.end() ? nullptr : &*rule;
}

/// Whether a rule applied, in which case it is the last that is told of.
bool explain_rules(std::string& text, const std::vector<Rule>& rules, Effect effect,
                   const AuthorizationRequest& request) {
  const std::string_view verb = effect == Effect::Deny ? "deny " : "allow ";
  for (const Rule& rule : rules) {
    const std::string unmet = unmet_condition(rule, effect, request);
    text.append("  ").append(verb).append(rule.name);
    text.append(unmet.empty() ? ": applies" : ": does not apply: " + unmet).append("\n");
    if (unmet.empty()) return true;
  }
  return false;
}

}  // namespace

struct AuthorizationPolicy::Rules : PolicyRules {};

AuthorizationRequest AuthorizationRequest::of(const Call& call) {
  const Peer* const peer = call.peer();
  return {.path = call.path(),
          .metadata = call.request_metadata(),
          .principal = call.principal(),
          .certificate = peer == nullptr ? nullptr : peer->identity(),
          .encrypted = peer != nullptr && peer->tls != nullptr};
}

AuthorizationPolicy::AuthorizationPolicy(std::unique_ptr<const Rules> rules) noexcept
    : rules_(std::move(rules)) {}
AuthorizationPolicy::AuthorizationPolicy(AuthorizationPolicy&&) noexcept = default;
AuthorizationPolicy& AuthorizationPolicy::operator=(AuthorizationPolicy&&) noexcept = default;
AuthorizationPolicy::~AuthorizationPolicy() = default;

Result<AuthorizationPolicy> AuthorizationPolicy::parse(std::string_view json) {
  Result<PolicyRules> rules = read_policy(json);
  if (!rules.ok()) return std::move(rules).status();
  return AuthorizationPolicy(std::make_unique<const Rules>(Rules{*std::move(rules)}));
}

AuthorizationDecision AuthorizationPolicy::decide(const AuthorizationRequest& request) const {
  if (const Rule* rule = first_match(rules_->deny, Effect::Deny, request)) {
    return {.allowed = false, .rule = rule->name, .policy = rules_->name};
  }
  const Rule* const rule = first_match(rules_->allow, Effect::Allow, request);
  return {.allowed = rule != nullptr,
          .rule = rule == nullptr ? std::string_view() : std::string_view(rule->name),
          .policy = rules_->name};
}

std::string AuthorizationPolicy::explain(const AuthorizationRequest& request) const {
  std::string text;
  if (explain_rules(text, rules_->deny, Effect::Deny, request)) return "denied\n" + text;
  if (explain_rules(text, rules_->allow, Effect::Allow, request)) return "allowed\n" + text;
  return "denied, since no rule allows it\n" + text;
}

const std::string& AuthorizationPolicy::name() const noexcept { return rules_->name; }
AuditCondition AuthorizationPolicy::audit_condition() const noexcept { return rules_->audit; }

}  // namespace weft::security
