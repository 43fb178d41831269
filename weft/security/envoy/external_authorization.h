#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/rpc/call/observer.h"
#include "weft/rpc/call/service.h"
#include "weft/rpc/client/channel.h"

namespace weft {

struct ExternalAuthorizationOptions {
  /// Of a decision. A call waits for it.
  Duration timeout = std::chrono::milliseconds(200);
  enum class WhenAway : std::uint8_t {
    Deny,   ///< calls get UNAVAILABLE
    Allow,  ///< calls pass without a decision, which the log says
  };
  /// Where the service gives no decision: it is away, slow, or fails.
  WhenAway when_away = WhenAway::Deny;
  /// Metadata that the service is shown, in lower case; empty: all, credentials among them. That of
  /// names with "-bin" is not sent.
  std::vector<std::string> headers{};
  /// Handed on as they are: Envoy's `context_extensions`.
  std::map<std::string, std::string> extensions{};
  /// Paths of calls that are not asked about: "/pkg.Service/Method", or "/pkg.Service/*".
  std::vector<std::string> open{"/grpc.health.v1.Health/*"};
  /// Told "external_authorization": "denied", "failed" (and denied), or "failed_open". It outlives
  /// the calls.
  PolicyObserver* observer = nullptr;

  /// INVALID_ARGUMENT naming the option.
  Status valid() const;
};

/// Has a service decide whether a call may pass, by Envoy's protocol
/// (envoy.service.auth.v3.Authorization), which Open Policy Agent and others speak:
///
///     auto policy = std::make_shared<weft::Channel>("opa:9191");
///     auto asked = weft::external_authorization(policy);
///     if (!asked.ok()) return asked.status();
///     server.use(*asked);
///
/// The service sees the method's path, the metadata, who calls and from where. It may add, replace
/// and remove metadata of the call, and add metadata of the response. A call that it denies gets
/// the gRPC code that belongs to the HTTP status it names (401: UNAUTHENTICATED), else
/// PERMISSION_DENIED, with the body as its message and the headers as trailers.
///
/// INVALID_ARGUMENT naming the option.
Result<Middleware> external_authorization(std::shared_ptr<Channel> service,
                                          ExternalAuthorizationOptions options = {});

}  // namespace weft
