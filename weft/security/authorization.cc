#include "weft/security/authorization.h"

#include <string>
#include <utility>

#include "weft/base/log.h"
#include "weft/base/log/log_once.h"
#include "weft/base/text/printable.h"
#include "weft/net/loop/snapshot.h"

namespace weft {

using security::AuditCondition;
using security::AuthorizationDecision;
using security::AuthorizationPolicy;
using security::AuthorizationRequest;

namespace {

bool is_recorded(AuditCondition condition, bool allowed) noexcept {
  const AuditCondition one = allowed ? AuditCondition::OnAllow : AuditCondition::OnDeny;
  return condition == one || condition == AuditCondition::OnDenyAndAllow;
}

}  // namespace

class Authorization::Impl {
 public:
  explicit Impl(AuthorizationOptions options) : options_(std::move(options)) {}

  Status set(std::string_view json) {
    Result<AuthorizationPolicy> policy = AuthorizationPolicy::parse(json);
    if (!policy.ok()) return std::move(policy).status();
    policy_.set(std::make_shared<const AuthorizationPolicy>(*std::move(policy)));
    return {};
  }

  /// OK if the call may pass.
  Status decide(const Call& call) const {
    const std::shared_ptr<const AuthorizationPolicy>& policy = policy_.of(call.loop());
    if (policy == nullptr) return permission_denied("no authorization policy has been set");
    const AuthorizationDecision decision = policy->decide(AuthorizationRequest::of(call));
    if (options_.on_decision && is_recorded(policy->audit_condition(), decision.allowed)) {
      options_.on_decision(call, decision);
    }
    if (decision.allowed) return {};
    return denied(call, *policy, decision);
  }

 private:
  Status denied(const Call& call, const AuthorizationPolicy& policy,
                const AuthorizationDecision& decision) const {
    const bool dry = options_.mode == AuthorizationOptions::Mode::DryRun;
    tell(options_.observer,
         {.policy = "authorization", .event = dry ? "would_deny" : "denied", .path = call.path()});
    if (!dry) return permission_denied("the authorization policy does not allow this call");
    static LogOnce once;
    const std::string rule =
        decision.rule.empty() ? "no rule allows them" : "by the rule " + std::string(decision.rule);
    if (once.is_new(policy.name() + ": " + rule)) {
      log(LogLevel::Warn, "the authorization policy " + printable(policy.name()) +
                              " (DryRun) would deny calls: " + printable(rule));
    }
    return {};
  }

  const AuthorizationOptions options_;
  net::Snapshot<AuthorizationPolicy> policy_;
};

Authorization::Authorization(AuthorizationOptions options)
    : impl_(std::make_shared<Impl>(std::move(options))) {}

Status Authorization::set(std::string_view json) { return impl_->set(json); }

Middleware Authorization::middleware() const {
  struct Authorize {
    std::shared_ptr<const Impl> impl;

    Task<Status> operator()(Call& call, Next next) const {
      Status decided = impl->decide(call);
      if (!decided.ok()) return decided;
      return next(call);
    }
  };
  return Authorize{impl_};
}

}  // namespace weft
