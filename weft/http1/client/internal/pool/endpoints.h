#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "weft/base/result.h"
#include "weft/cluster/balancers/balancers.h"
#include "weft/cluster/resolvers/resolver.h"
#include "weft/coro/context.h"
#include "weft/coro/event.h"
#include "weft/coro/task.h"
#include "weft/http1/client/internal/pool/instance.h"
#include "weft/net/loop/loop.h"
#include "weft/net/loop/wait.h"

namespace weft::http1 {

/// Who serves an origin: runs the resolver of a target, and picks an instance for each request.
/// Belongs to one loop.
class Endpoints final : private cluster::Resolver::Updates {
 public:
  /// `policy` null: by the target, as a channel does.
  Endpoints(net::Loop& loop, std::string target, Balancing policy);
  Endpoints(const Endpoints&) = delete;
  Endpoints& operator=(const Endpoints&) = delete;
  ~Endpoints();

  /// Waits for the resolver's first answer where there is none yet. A list that was found stays in
  /// use when later answers fail.
  Task<Result<std::shared_ptr<Instance>>> pick(const cluster::PickRequest& request);
  std::size_t size() const noexcept { return instances_.size(); }

  void begun(Instance& instance);
  void ended(Instance& instance, const cluster::CallReport& report);
  /// A connection to it was made, or could not be.
  void connected(Instance& instance) noexcept { instance.worked(); }
  void failed(Instance& instance);

 private:
  // cluster::Resolver::Updates
  void publish(std::vector<cluster::Endpoint> endpoints) override;
  void fail(Status why) override;
  Task<Status> wanted(Duration at_least, Duration at_most) override;

  void start();
  void look_again() noexcept;
  /// Whether the resolver would look at once if it were asked.
  bool may_look_now() const noexcept;
  std::shared_ptr<Instance> instance_of(cluster::Endpoint endpoint);
  /// Instances whose pause is over may be picked again; all of them where none may.
  void set_availability(bool all);
  void update_balancer();

  net::Loop& loop_;
  const std::string target_;
  const Balancing policy_;
  const std::unique_ptr<cluster::Balancer> balancer_;
  std::vector<std::shared_ptr<Instance>> instances_;
  std::vector<cluster::Member*> members_;  // as the balancer sees them
  std::size_t unavailable_ = 0;
  Status nothing_found_;
  Event answered_;
  net::Wait* idle_ = nullptr;  // the resolver waits to be wanted
  TimePoint earliest_{};       // when it may look again
  bool started_ = false;
  Context context_;
  std::unique_ptr<cluster::Resolver> resolver_;
  // Last: the frame is destroyed first.
  Task<> task_;
};

}  // namespace weft::http1
