#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/cluster/endpoints/endpoint.h"
#include "weft/coro/task.h"
#include "weft/net/loop/loop.h"

namespace weft::cluster {

/// Finds the instances of a service and tells of changes. A channel has one per loop, on whose
/// thread it lives.
///
///     class Inventory final : public Resolver {
///       Task<> run(Updates& updates) override {
///         for (;;) {
///           Result<std::vector<Endpoint>> found = co_await look_up();
///           if (found.ok()) updates.publish(std::move(*found));
///           else updates.fail(found.status());
///           const Status again = co_await updates.wanted(kAtLeast, kAtMost);
///           if (!again.ok()) co_return;
///         }
///       }
///     };
class Resolver {
 public:
  /// Where a resolver tells what it finds; the channel's end.
  class Updates {
   public:
    /// The whole current list. Duplicates count once; an empty list counts as a failure.
    virtual void publish(std::vector<Endpoint> endpoints) = 0;
    /// The list cannot be had. One that was published before stays in use; calls fail with `why`
    /// only where there never was one.
    virtual void fail(Status why) = 0;
    /// Waits until looking again is wanted (a connection was lost or refused) or `at_most` has
    /// passed; in either case until `at_least` has. The error is the reason for which the resolver
    /// is to end.
    virtual Task<Status> wanted(Duration at_least, Duration at_most) = 0;

   protected:
    ~Updates() = default;
  };

  virtual ~Resolver() = default;
  /// Runs as long as the channel does. Its context is cancelled at the end, and with it everything
  /// it awaits. A resolver that returns before has said all it has to say.
  virtual Task<> run(Updates& updates) = 0;
};

/// A target's text in parts: `scheme://authority/path?query`, `scheme:path`.
struct TargetParts {
  std::string text;         ///< as it was given
  std::string scheme{};     ///< "etcd"
  std::string authority{};  ///< "10.0.0.1:2379,10.0.0.2:2379"
  std::string path{};       ///< what follows the authority, without its '/': "services/greeter"
  std::map<std::string, std::string> query{};  ///< percent-decoded

  /// INVALID_ARGUMENT naming the text and what is wrong with it.
  static Result<TargetParts> parse(std::string_view text);
};

/// A target as it may be shown in logs and errors: without its query, which may hold a password.
std::string_view shown(std::string_view target) noexcept;

/// Makes a resolver for a target of its scheme, or says what is wrong with the target; on the
/// loop's thread.
using ResolverFactory =
    std::function<Result<std::unique_ptr<Resolver>>(net::Loop& loop, const TargetParts& target)>;

/// Makes targets of `scheme` known to every channel that is made afterwards. A second one of the
/// same name replaces the first. From any thread.
void register_resolver(std::string scheme, ResolverFactory factory);

/// The resolver of a target: of a registered scheme or a built-in one: `host:port`,
/// `dns:///host:port`, `srv:///name`, `static:`, `file:`, `ipv4:`, `ipv6:`, `unix:`, `memory:`
/// (docs/reference/targets.md). INVALID_ARGUMENT names the schemes that are known.
Result<std::unique_ptr<Resolver>> make_resolver(net::Loop& loop, std::string_view target);

/// Whether the endpoints of a scheme are instances among which calls are spread, and not addresses
/// of one server of which one is used. What a channel does that names no balancer.
bool lists_instances(std::string_view target);

}  // namespace weft::cluster
