#include "weft/security/authenticator.h"

#include <utility>

#include "weft/base/text/ascii.h"
#include "weft/rpc/call/peer.h"
#include "weft/security/internal/only_field.h"
#include "weft/security/internal/open_paths.h"

namespace weft {
namespace security {
namespace {

using Asked = Task<Result<PrincipalRef>>;

/// Not inlined, or GCC 12 takes the moved task's value for uninitialized.
[[gnu::noinline]] std::unique_ptr<Asked> kept(Asked& asked) {
  return std::make_unique<Asked>(std::move(asked));
}

class AnyOf final : public Authenticator {
 public:
  explicit AnyOf(std::vector<AuthenticatorRef> ways) : ways_(std::move(ways)) {}

  Task<Result<PrincipalRef>> authenticate(Call& call) override { return from(0, call); }

 private:
  /// A plain function as long as the ways answer at once.
  Task<Result<PrincipalRef>> from(std::size_t first, Call& call) const {
    for (std::size_t i = first; i < ways_.size(); ++i) {
      Asked asked = ways_[i]->authenticate(call);
      if (!asked.done()) return await(kept(asked), i, call);
      Result<PrincipalRef>& found = asked.result();
      if (!found.ok() || *found != nullptr) return std::move(found);
    }
    return Result<PrincipalRef>(nullptr);
  }
  Asked await(std::unique_ptr<Asked> asked, std::size_t at, Call& call) const {
    Result<PrincipalRef> found = co_await std::move(*asked);
    if (!found.ok() || *found != nullptr) co_return found;
    co_return co_await from(at + 1, call);
  }

  const std::vector<AuthenticatorRef> ways_;
};

class AllOf final : public Authenticator {
 public:
  explicit AllOf(std::vector<AuthenticatorRef> ways) : ways_(std::move(ways)) {}

  Task<Result<PrincipalRef>> authenticate(Call& call) override {
    Result<PrincipalRef> last(nullptr);
    for (const AuthenticatorRef& way : ways_) {
      last = co_await way->authenticate(call);
      if (!last.ok() || *last == nullptr) break;
    }
    co_return last;
  }

 private:
  const std::vector<AuthenticatorRef> ways_;
};

class ClientCertificate final : public Authenticator {
 public:
  Task<Result<PrincipalRef>> authenticate(Call& call) override {
    return Result<PrincipalRef>(call.peer() == nullptr ? nullptr : call.peer()->principal());
  }
};

}  // namespace

AuthenticatorRef any_of(std::vector<AuthenticatorRef> ways) {
  return std::make_shared<AnyOf>(std::move(ways));
}
AuthenticatorRef all_of(std::vector<AuthenticatorRef> ways) {
  return std::make_shared<AllOf>(std::move(ways));
}
AuthenticatorRef client_certificate() { return std::make_shared<ClientCertificate>(); }

Result<std::string_view> credentials_of(const Call& call, std::string_view scheme) {
  const Result<std::string_view> field = internal::only_field(call, "authorization");
  if (!field.ok()) return field;
  std::string_view value = *field;
  if (value.size() <= scheme.size() || value[scheme.size()] != ' ' ||
      !ascii::equal_without_case(value.substr(0, scheme.size()), scheme)) {
    return std::string_view();
  }
  value.remove_prefix(scheme.size() + 1);
  return value;
}

}  // namespace security

namespace {

using security::Asked;
using security::AuthenticatorRef;
using security::PrincipalRef;

class Authenticate {
 public:
  Authenticate(AuthenticatorRef way, AuthenticationOptions options)
      : way_(std::move(way)), options_(std::move(options)) {}

  Task<Status> operator()(Call& call, Next next) const {
    if (security::internal::is_open(call.path(), options_.open)) return next(call);
    Asked asked = way_->authenticate(call);
    if (!asked.done()) return await(security::kept(asked), call, next);
    Status outcome = take(call, asked.result());
    if (!outcome.ok()) return outcome;
    return next(call);
  }

 private:
  Task<Status> await(std::unique_ptr<Asked> asked, Call& call, Next next) const {
    Result<PrincipalRef> found = co_await std::move(*asked);
    Status outcome = take(call, found);
    if (!outcome.ok()) co_return outcome;
    co_return co_await next(call);
  }

  Status take(Call& call, Result<PrincipalRef>& found) const {
    Status outcome;
    if (!found.ok()) {
      outcome = found.status();
    } else if (*found == nullptr) {
      outcome = unauthenticated("the call has no credentials that this server takes");
    } else {
      call.set_principal(*std::move(found));
      return {};
    }
    const bool refused = outcome.code() == StatusCode::Unauthenticated;
    tell(options_.observer, {.policy = "authentication",
                             .event = refused ? "refused" : "unavailable",
                             .path = call.path()});
    return outcome;
  }

  AuthenticatorRef way_;
  AuthenticationOptions options_;
};

}  // namespace

Middleware authentication(AuthenticatorRef way, AuthenticationOptions options) {
  return Authenticate(std::move(way), std::move(options));
}

}  // namespace weft
