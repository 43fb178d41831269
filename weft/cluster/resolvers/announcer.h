#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "weft/base/result.h"
#include "weft/cluster/endpoints/endpoint.h"
#include "weft/cluster/resolvers/resolver.h"
#include "weft/coro/task.h"
#include "weft/net/loop/loop.h"

namespace weft::cluster {

/// The greatest weight that an instance may give itself in a registry: enough for shares of a
/// thousandth, and too little for one instance to draw all calls of a large service to itself.
inline constexpr std::uint32_t kMaxAnnouncedWeight = 1000;

/// Keeps an instance in a registry, for the server that it is. Lives on one loop.
class Announcer {
 public:
  virtual ~Announcer() = default;
  /// Registers `self` and keeps it registered, through losses of the registry, until its context is
  /// cancelled.
  virtual Task<> run(Endpoint self) = 0;
  /// Takes it out of the registry at once; after run() has ended. Where that fails, the lease
  /// expires.
  virtual Task<Status> withdraw() = 0;
};

using AnnouncerFactory =
    std::function<Result<std::unique_ptr<Announcer>>(net::Loop& loop, const TargetParts& target)>;

/// Makes targets of `scheme` known to ServerOptions::announce. From any thread.
void register_announcer(std::string scheme, AnnouncerFactory factory);

/// INVALID_ARGUMENT names the schemes that are known.
Result<std::unique_ptr<Announcer>> make_announcer(net::Loop& loop, std::string_view target);

}  // namespace weft::cluster
