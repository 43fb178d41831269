#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/result.h"
#include "weft/coro/task.h"
#include "weft/rpc/call/observer.h"
#include "weft/rpc/call/principal.h"
#include "weft/rpc/call/service.h"

namespace weft {

namespace security {

using PrincipalRef = std::shared_ptr<const Principal>;

/// One way to find out who makes a call. Asked by every loop of a server at the same time.
class Authenticator {
 public:
  virtual ~Authenticator() = default;
  /// The caller; null where the call brings no credentials of this kind. UNAUTHENTICATED with the
  /// reason where it brings wrong ones; UNAVAILABLE where they could not be looked at, and
  /// RESOURCE_EXHAUSTED where too many were. The reason goes to the caller, so it holds no secret.
  virtual Task<Result<PrincipalRef>> authenticate(Call& call) = 0;
};
using AuthenticatorRef = std::shared_ptr<Authenticator>;

/// The first that finds credentials decides, also where these are wrong.
AuthenticatorRef any_of(std::vector<AuthenticatorRef> ways);
/// All have to find the caller; the call has the principal of the last.
AuthenticatorRef all_of(std::vector<AuthenticatorRef> ways);
/// The verified certificate of the connection (mutual TLS; a SPIFFE ID where it has one): what
/// Peer::principal() says.
AuthenticatorRef client_certificate();

/// What `authorization` says behind `scheme`, which is compared without regard to case, and a
/// space. Null where there is no such field; UNAUTHENTICATED where there are several, which
/// another reader could take for another caller. Points into the call's metadata.
Result<std::string_view> credentials_of(const Call& call, std::string_view scheme);

}  // namespace security

struct AuthenticationOptions {
  /// Paths of calls that need no credentials: "/pkg.Service/Method", or "/pkg.Service/*". What
  /// such a call brings is not looked at.
  std::vector<std::string> open{"/grpc.health.v1.Health/*"};
  /// Told "authentication": "refused", or "unavailable". It outlives the calls.
  PolicyObserver* observer = nullptr;
};

/// Lets only calls pass whose caller `way` knows, and gives them its principal
/// (ServerContext::principal()). Others are answered UNAUTHENTICATED with the reason, or
/// UNAVAILABLE where the way could not tell.
///
///     using namespace weft::security;
///     server.use(weft::authentication(any_of({client_certificate(), tokens})));
Middleware authentication(security::AuthenticatorRef way, AuthenticationOptions options = {});

}  // namespace weft
