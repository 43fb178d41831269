#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "weft/base/status.h"
#include "weft/cluster/resolvers/resolver.h"
#include "weft/net/loop/loop.h"
#include "weft/net/loop/wait.h"
#include "weft/rpc/call/observer.h"

namespace weft::rpc {

class LoopChannel;

/// A channel's resolver at work: tidies what it finds, and keeps the last list that worked. The
/// channel hears of both by on_endpoints() and on_nothing_found().
class Resolution final : private cluster::Resolver::Updates {
 public:
  /// `observer` may be null.
  Resolution(net::Loop& loop, LoopChannel& owner, std::string_view target, Observer* observer)
      : loop_(loop), owner_(owner), observer_(observer), target_(cluster::shown(target)) {}

  /// Runs `resolver` until it ends or the context of the task is cancelled.
  Task<> run(std::unique_ptr<cluster::Resolver> resolver);
  /// Tells the observer what the resolver has found.
  void tell(std::size_t endpoints, const Status& status) const noexcept;
  /// Asks the resolver to look again, when it is next willing to.
  void look_again() noexcept;

 private:
  void publish(std::vector<cluster::Endpoint> endpoints) override;
  void fail(Status why) override;
  Task<Status> wanted(Duration at_least, Duration at_most) override;

  net::Loop& loop_;
  LoopChannel& owner_;
  Observer* const observer_;
  std::string target_;         // as it may be shown
  net::Wait* idle_ = nullptr;  // the resolver waits to be wanted
  bool found_ = false;
  bool lost_ = false;  // what was found is old, and that has been said
  bool again_ = false;
};

}  // namespace weft::rpc
