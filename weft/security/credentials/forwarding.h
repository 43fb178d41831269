#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/coro/task.h"
#include "weft/rpc/call/metadata.h"
#include "weft/rpc/server/server_context.h"
#include "weft/security/credentials/credential_source.h"
#include "weft/security/credentials/oauth.h"

namespace weft::security {

/// Adds the `authorization` that the caller of a handler has shown to the metadata of a call that
/// the handler makes for it (CallOptions::metadata), as it is. The next service then takes this one
/// for the caller, and so do all behind it: only where every service that gets the token may act
/// for the caller. UNAUTHENTICATED where the caller has shown none, or several;
/// FAILED_PRECONDITION where `to` has one.
///
/// It goes where credentials() lets it: the channel has to have that middleware
/// (Channel::use_per_endpoint()), or the token may go over plaintext.
Status forward_authorization(const ServerContext& caller, Metadata& to);

struct CallerExchangeOptions {
  /// The authorization server; `audience`, `resource` and `scope` say what the tokens are for.
  OAuthOptions client{};
  std::string subject_token_type = "urn:ietf:params:oauth:token-type:access_token";
  std::string requested_token_type = "urn:ietf:params:oauth:token-type:access_token";
  /// How long a token is used at most; at most 1 h. One that ends earlier is used until 30 s before
  /// its end, or for three quarters of its lifetime where that is more.
  Duration remember = std::chrono::minutes(5);
  /// How many tokens are remembered, for all loops.
  std::size_t remembered = 10'000;
  /// How many callers' tokens are exchanged at the same time.
  std::size_t max_asking = 100;
  /// What time it is; empty: the system's clock. For tests.
  std::function<std::chrono::system_clock::time_point()> now{};

  /// INVALID_ARGUMENT naming the option.
  Status valid() const;
};

/// Exchanges the token of a handler's caller for one that is good for the next service only
/// (RFC 8693), once for all calls of that caller at the same time:
///
///     auto token = co_await exchange->credential(context);
///     if (!token.ok()) co_return token.status();
///     Metadata metadata;
///     metadata.add("authorization", **token);
///
/// From any loop.
class CallerExchange {
 public:
  virtual ~CallerExchange() = default;
  /// INVALID_ARGUMENT naming the option.
  static Result<std::shared_ptr<CallerExchange>> make(CallerExchangeOptions options);

  /// "Bearer eyJ…". UNAUTHENTICATED where the caller has shown no token, or several, or the
  /// authorization server gives none for it; UNAVAILABLE where that is away; RESOURCE_EXHAUSTED
  /// beyond `max_asking`.
  virtual Task<Result<CredentialRef>> credential(const ServerContext& caller) = 0;
};

}  // namespace weft::security
