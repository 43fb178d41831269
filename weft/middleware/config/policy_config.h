#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "weft/base/status.h"
#include "weft/rpc/call/observer.h"
#include "weft/rpc/call/service.h"

namespace weft {

/// Policies from JSON, for servers and channels, which may change while calls run:
///
///     {"policies": [
///       {"rateLimit": {"rate": 100, "key": "metadata:user"}},
///       {"adaptiveLimit": {"shares": {}}, "methods": ["/pkg.Store/"]}
///     ]}
///
/// The first is the outermost. docs/reference/policy-config.md lists policies and options, which
/// are those of the structs in the policies' headers. Retries and hedging are in gRPC's service
/// config (service_config.h), which every client knows how to read.
///
///     weft::PolicyConfig policies;
///     server.use(policies.middleware());
///     weft::Status read = policies.set(text);        // from any thread, then and later
///
/// Copies share the config.
class PolicyConfig {
 public:
  /// `observer`, which may be null, outlives the calls.
  explicit PolicyConfig(PolicyObserver* observer = nullptr);

  /// Takes the place of the policies there were; calls that have begun go on as they began. A
  /// policy whose JSON is the same as one before keeps its state. INVALID_ARGUMENT with the path,
  /// the value and what was expected for each thing that is wrong, and then nothing changes; a
  /// member that is not known is wrong, too.
  Status set(std::string_view json);

  /// Runs calls through the policies in force when they begin. A call takes no lock but those of
  /// the policies.
  Middleware middleware() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace weft
