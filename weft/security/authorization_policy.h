#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "weft/base/result.h"
#include "weft/rpc/call/call.h"
#include "weft/rpc/call/metadata.h"
#include "weft/rpc/call/principal.h"

namespace weft::security {

/// What an authorization policy looks at.
struct AuthorizationRequest {
  std::string_view path;  ///< "/pkg.Service/Method"
  const Metadata& metadata;
  /// Null if the caller is unknown.
  const Principal* principal = nullptr;
  /// The caller's verified certificate; null without one.
  const net::CertificateInfo* certificate = nullptr;
  bool encrypted = false;  ///< the call came through TLS

  /// Of a call on a server; refers to what belongs to the call.
  static AuthorizationRequest of(const Call& call);
};

/// What a policy says about one call.
struct AuthorizationDecision {
  bool allowed = false;
  /// The rule that decided, "policy_rule"; empty where none applied, which denies.
  std::string_view rule;
  /// The policy's name.
  std::string_view policy{};
};

/// When decisions are to be recorded (gRFC A59).
enum class AuditCondition : std::uint8_t { Never, OnDeny, OnAllow, OnDenyAndAllow };

/// Who may call what: a policy in gRPC's JSON (gRFC A43), so that files written for gRPC work
/// unchanged:
///
///     {"name": "shop",
///      "deny_rules": [{"name": "no_reset", "request": {"paths": ["/shop.Admin/Reset"]}}],
///      "allow_rules": [{"name": "billing",
///                       "source": {"principals": ["spiffe://example.org/billing"]},
///                       "request": {"paths": ["/shop.Orders/*"]}}]}
///
/// A call that a deny rule matches is denied, then one that an allow rule matches is allowed, and
/// all others are denied. Immutable; used from any thread.
///
/// The names that `principals` are compared with are the URIs, DNS names and the subject of a
/// verified certificate, and "" for a TLS peer without one. A principal that a middleware has set
/// (Call::set_principal()) has the name "issuer/subject", or "scheme/subject" without an issuer, so
/// that a token cannot pass as a certificate. A caller of whom nothing is known has no name.
class AuthorizationPolicy {
 public:
  /// INVALID_ARGUMENT with the path, the value and what was expected for each thing that is wrong.
  /// Members that are not known, members that come twice and texts above 4 MiB are wrong.
  static Result<AuthorizationPolicy> parse(std::string_view json);
  AuthorizationPolicy(AuthorizationPolicy&&) noexcept;
  AuthorizationPolicy& operator=(AuthorizationPolicy&&) noexcept;
  ~AuthorizationPolicy();

  /// The views are valid as long as the policy. Throws std::bad_alloc only.
  AuthorizationDecision decide(const AuthorizationRequest& request) const;
  /// The decision in words, and for each rule that was looked at what of it the call does not meet.
  /// One rule a line.
  std::string explain(const AuthorizationRequest& request) const;

  const std::string& name() const noexcept;
  /// "audit_condition"; Never where the policy says nothing.
  AuditCondition audit_condition() const noexcept;

 private:
  struct Rules;
  friend struct PolicyReader;
  explicit AuthorizationPolicy(std::unique_ptr<const Rules> rules) noexcept;
  std::unique_ptr<const Rules> rules_;
};

}  // namespace weft::security
