#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "weft/base/intrusive_list.h"
#include "weft/cluster/balancers/balancer.h"
#include "weft/cluster/endpoints/outlier.h"
#include "weft/coro/context.h"
#include "weft/net/loop/loop.h"
#include "weft/net/loop/wait.h"
#include "weft/rpc/call/service.h"
#include "weft/rpc/client/channel.h"
#include "weft/rpc/client/client_transport.h"
#include "weft/rpc/client/internal/client_connection.h"
#include "weft/rpc/client/internal/resolution.h"
#include "weft/rpc/client/internal/subchannel.h"

namespace weft::rpc {

class Active;
class AttemptTracker;

/// What a channel's parts on its loops have in common.
struct ChannelSetup {
  std::string target;
  ChannelOptions options;
  std::shared_ptr<net::TlsClientContext> tls{};  ///< null: plaintext
  std::optional<net::HttpProxy> proxy{};
  MiddlewareChain middlewares{};         ///< around a call
  MiddlewareChain per_endpoint{};        ///< around an attempt of it, when it has a connection
  std::shared_ptr<Observer> observer{};  ///< null: nobody
  ClientTransportFactory transport{};    ///< empty: HTTP/2
};

/// A channel's part on one loop: finds the endpoints, keeps connections to them, places each call
/// on one, and lets those wait for which there is no room.
///
/// What it owns, and what is reported to the owner by a plain call. An owner outlives its parts.
///
///     LoopChannel ─┬─▶ Resolution                   on_endpoints(), on_nothing_found()
///                  └─▶ Subchannel, by endpoint      on_serving_changed(), on_health_changed(),
///                        │                          on_connect_failed(), announce_room()
///                        └─▶ ClientConnection       ClientConnectionOwner
///
/// A coroutine of any of them holds an Active: the channel waits for the last one when it closes.
class LoopChannel final : public ClientTransport,
                          public std::enable_shared_from_this<LoopChannel>,
                          private net::LoopEndHook {
 public:
  LoopChannel(net::Loop& loop, const ChannelSetup& setup);
  ~LoopChannel() override;

  Task<Status> serve(Call& call) override;
  /// Waits for a connection, which it brings about; how that ended.
  Task<Status> connect() override;
  /// Other rules for the calls that come from now on.
  void set_balancing(const BalancingOptions& balancing);
  /// Ends every connection as well; nothing can be called any more.
  void close() noexcept override;

  // By its Resolution
  /// At least one endpoint, each of which has an address; no address twice.
  void on_endpoints(std::vector<cluster::Endpoint> endpoints);
  /// Nothing was found, and nothing ever has been.
  void on_nothing_found(const Status& why);

  // By its Subchannels
  /// It has a connection now, or its last one is gone.
  void on_serving_changed(Subchannel& subchannel) noexcept;
  /// Active health checks have come to another result.
  void on_health_changed(Subchannel& subchannel) noexcept;
  /// An attempt to connect has failed. Whether to try again, when it is time.
  bool on_connect_failed(Subchannel& subchannel) noexcept;
  /// There may be room for a call.
  void announce_room() noexcept;

 private:
  friend class Active;
  friend class AttemptTracker;
  /// A call that waits for a connection with room for it. Room is announced to one at a time, in
  /// the order of their coming, and who took it announces what is left.
  struct Waiting : ListNode {
    Waiting(LoopChannel& channel, bool for_ready) noexcept
        : owner(channel), wait(channel.loop_), wait_for_ready(for_ready) {}
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    /// Passes on what was announced to a coroutine that is destroyed before it ran.
    ~Waiting() {
      if (announced) owner.announce_room();
    }
    LoopChannel& owner;
    net::Wait wait;
    bool wait_for_ready;
    bool announced = false;
  };
  enum class Place : std::uint8_t { Back, Front };
  struct SweepTimer : net::Timer {
    explicit SweepTimer(LoopChannel& owner) noexcept
        : Timer(&LoopChannel::sweep_due), channel(owner) {}
    LoopChannel& channel;
  };
  struct Picked {
    Subchannel* subchannel = nullptr;
    ClientConnection* connection = nullptr;
  };

  // LoopEndHook
  void on_loop_end() noexcept override;

  void coroutine_ended() noexcept;
  void resolve();
  Task<> run_resolver(std::unique_ptr<cluster::Resolver> resolver);
  void use_endpoints(std::vector<cluster::Endpoint> endpoints);
  std::unique_ptr<Subchannel> take_member(cluster::Endpoint endpoint);
  std::string_view subset_client();
  void drop(std::unique_ptr<Subchannel> subchannel);
  void let_go(Subchannel& subchannel) noexcept;
  void report(Subchannel& where, const cluster::CallReport& report) noexcept;
  void choose_policy();
  void tell(EndpointEvent::What what, const Subchannel& where) const noexcept;
  void tell_ejection(Subchannel& where) const noexcept;
  void balance();
  void refresh();
  bool set_availability();
  bool is_member(const Subchannel& subchannel) const noexcept;
  bool asleep() noexcept;
  static void sweep_due(net::Timer& timer) noexcept;
  void sweep() noexcept;

  Picked pick(const Call& call);
  Picked any_with_room() noexcept;
  bool has_room() noexcept;
  bool any_available() const noexcept;
  bool hopeless() noexcept;
  std::string about_port() const;
  Status why_hopeless() const;
  void connect_all();
  Task<Status> wait_for_connection(const Context* context, bool for_ready, Place place);
  Status why_waited(const Status& reason) const;
  void fail_waiting(const Status& reason) noexcept;
  void fail_if_hopeless() noexcept;
  void wake_first() noexcept;

  net::Loop& loop_;
  std::string target_;
  const std::shared_ptr<Observer> observer_;
  ConnectSettings settings_;
  BalancingOptions balancing_;
  MiddlewareChain per_endpoint_;
  Resolution resolution_;
  bool resolving_ = false;
  bool resolvable_ = true;  // false: the target is wrong, which no waiting mends
  Status nothing_found_;    // while there are no endpoints: why
  std::vector<cluster::Endpoint> endpoints_;
  std::vector<std::unique_ptr<Subchannel>> members_;
  std::vector<std::unique_ptr<Subchannel>> leaving_;  // out of the list, with calls under way
  std::vector<cluster::Member*> balanced_;            // what the balancer was told of
  weft::Balancing policy_;
  std::unique_ptr<cluster::Balancer> balancer_;  // null: there is one member, joined
  std::optional<cluster::OutlierDetection> outliers_;
  SweepTimer sweep_timer_{*this};
  bool timed_ = false;  // somebody wants to know how long calls take
  IntrusiveList<Waiting> waiting_;
  Status last_error_;
  std::uint64_t calls_ = 0;       // since the beginning
  std::uint64_t calls_seen_ = 0;  // when asleep() was asked last and there were new ones
  TimePoint seen_at_{};           // when that was
  bool closed_ = false;
  std::size_t active_ = 0;
  std::shared_ptr<LoopChannel> self_;  // after close(), while something is active
  Context resolver_context_;
  // Last: a frame that is destroyed with this still counts itself out.
  Task<> resolver_task_;
};

/// Counts a coroutine of a channel or of its subchannels; the channel lives that long.
class Active {
 public:
  explicit Active(LoopChannel& channel) noexcept : channel_(channel) { ++channel_.active_; }
  Active(const Active&) = delete;
  Active& operator=(const Active&) = delete;
  ~Active() { channel_.coroutine_ended(); }

 private:
  LoopChannel& channel_;
};

}  // namespace weft::rpc
