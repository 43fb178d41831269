#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "weft/base/intrusive_list.h"
#include "weft/coro/context.h"
#include "weft/net/loop.h"
#include "weft/net/tls.h"
#include "weft/net/wait.h"
#include "weft/rpc/channel.h"
#include "weft/rpc/internal/client_connection.h"
#include "weft/rpc/service.h"

namespace weft::rpc {

/// A channel's part on one loop: the connections that this loop's calls go over, and the calls that
/// wait for one. The last Service of a client call's chain.
///
///               call                 SETTINGS arrived
///      idle ───────────▶ connecting ───────────────▶ ready
///        ▲                │      ▲                     │ the last connection ended
///        │          failed▼      │ a call, once the    │
///        │              backing off (fails calls)      │
///        └─────────────────────────────────────────────┘
///
/// Connecting and backing off are one coroutine, connect(); a second connection may be under way
/// while others serve.
class LoopChannel final : public Service,
                          public std::enable_shared_from_this<LoopChannel>,
                          public ClientConnectionOwner,
                          private net::LoopEndHook {
 public:
  LoopChannel(net::Loop& loop, std::string target, const ChannelOptions& options,
              std::shared_ptr<net::TlsClientContext> tls, const MiddlewareChain& middlewares);
  ~LoopChannel() override;

  /// The middlewares, then serve(). Those that run when the channel is destroyed go on, so the
  /// chain is this object's own.
  Task<Status> serve_chain(Call& call);
  Task<Status> serve(Call& call) override;
  /// Waits for a connection, which it brings about; how that ended.
  Task<Status> connected();
  /// Ends every call and connection with CANCELLED; nothing can be called any more.
  void close() noexcept;

  // ClientConnectionOwner
  void on_capacity() noexcept override;
  void on_connection_closed(ClientConnection& connection) noexcept override;
  void on_too_many_pings() noexcept override;

 private:
  void on_loop_end() noexcept override;

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
  /// Counts a coroutine of ours, which keeps this alive after close().
  class Active {
   public:
    explicit Active(LoopChannel& owner) noexcept : owner_(owner) { ++owner_.active_; }
    Active(const Active&) = delete;
    Active& operator=(const Active&) = delete;
    ~Active() { owner_.ended(); }

   private:
    LoopChannel& owner_;
  };

  Task<Status> run_chain(Call& call);
  ClientConnection* pick() noexcept;
  bool has_room() noexcept;
  Task<Status> wait_for_connection(const Context* context, bool for_ready, Place place);
  Status why_waited(const Status& reason) const;
  bool has_serving() noexcept;
  void need_connection();
  Task<> connect();
  Task<Status> connect_once();
  Task<Result<std::vector<net::Address>>> addresses();
  Task<Result<std::unique_ptr<net::Stream>>> connect_stream(const net::Address& address);
  Task<Status> connect_to(net::Address address);
  std::string tls_host(const net::Address& address) const;
  Duration back_off() noexcept;
  void fail_waiting(const Status& reason) noexcept;
  void announce_room() noexcept;
  void wake_first() noexcept;
  void ended() noexcept;

  net::Loop& loop_;
  std::string target_;
  ChannelOptions options_;
  std::shared_ptr<net::TlsClientContext> tls_;  // null: plaintext
  MiddlewareChain middlewares_;
  std::string authority_;
  std::string user_agent_;
  std::vector<std::unique_ptr<ClientConnection>> connections_;
  std::size_t next_ = 0;  // where pick() goes on
  IntrusiveList<Waiting> waiting_;
  Context connecting_context_;
  bool connecting_ = false;
  std::uint32_t failures_ = 0;  // in a row
  TimePoint retry_at_{};
  Status last_error_;
  bool closed_ = false;
  std::size_t active_ = 0;
  std::shared_ptr<LoopChannel> self_;  // after close(), while something is active
  // Last: a frame that is destroyed with this still counts itself out.
  Task<> connecting_task_;
};

}  // namespace weft::rpc
