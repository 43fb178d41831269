#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "weft/base/status.h"
#include "weft/rpc/call/observer.h"
#include "weft/rpc/call/service.h"
#include "weft/security/authorization_policy.h"

namespace weft {

struct AuthorizationOptions {
  enum class Mode : std::uint8_t {
    Enforce,
    /// Lets every call pass. The log says once for each rule, and the observer for each call, what
    /// would be denied.
    DryRun,
  };
  Mode mode = Mode::Enforce;
  /// Told of the decisions that the policy's "audit_condition" names, on the loop of the call and
  /// before its handler. It must not block or throw.
  std::function<void(const Call&, const security::AuthorizationDecision&)> on_decision{};
  /// Told "authorization": "denied" or "would_deny". It outlives the calls.
  PolicyObserver* observer = nullptr;
};

/// Who may call what on a server, by a policy in gRPC's JSON (security::AuthorizationPolicy) that
/// may change while calls run:
///
///     weft::Authorization authorization;
///     weft::Status read = authorization.set(text);      // from any thread, then and later
///     server.use(authorization.middleware());
///
/// Add it after the middlewares that say who the caller is. Copies share the policy.
class Authorization {
 public:
  explicit Authorization(AuthorizationOptions options = {});

  /// Takes the place of the policy there was; calls that have begun go on. INVALID_ARGUMENT naming
  /// each thing that is wrong, and then nothing changes.
  Status set(std::string_view json);

  /// Answers PERMISSION_DENIED to calls that the policy denies, and to all before the first policy.
  /// The answer does not say which rule denied. A call takes no lock.
  Middleware middleware() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace weft
