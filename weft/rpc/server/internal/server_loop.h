#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/function.h"
#include "weft/base/intrusive_list.h"
#include "weft/net/loop/loop.h"
#include "weft/net/tls/tls.h"
#include "weft/rpc/grpc/internal/log_limit.h"
#include "weft/rpc/server/dispatcher.h"
#include "weft/rpc/server/internal/admission.h"
#include "weft/rpc/server/internal/server_call.h"
#include "weft/rpc/server/server.h"
#include "weft/rpc/server/socket/internal/other_protocols.h"
#include "weft/rpc/server/socket/internal/server_connection.h"
#include "weft/rpc/server/socket/internal/server_handshake.h"
#include "weft/rpc/services/health.h"

namespace weft::rpc {

/// What observers may read when the server has gone.
struct ServerCounts final : ServerFigures {
  std::size_t connections() const noexcept override { return open.load(std::memory_order_relaxed); }
  std::size_t memory() const noexcept override { return held.held(); }
  std::size_t memory_limit() const noexcept override { return held.limit(); }
  std::atomic<std::size_t> open{0};
  ServerMemory held;
};

/// What all loops of a server share; read-only while it runs, except for the counters.
struct ServerShared {
  ServerOptions options;
  std::shared_ptr<net::TlsServerContext> tls;  // null: plaintext
  Dispatcher dispatcher;
  std::shared_ptr<HealthRegistry> health = std::make_shared<HealthRegistry>();
  std::unique_ptr<OtherRequests> other_requests;    // null: there are none
  std::unique_ptr<OtherProtocols> other_protocols;  // likewise
  const std::shared_ptr<ServerCounts> counts = std::make_shared<ServerCounts>();
  std::atomic<std::size_t>& connections = counts->open;
  std::atomic<std::uint64_t> refused{0};  // because of overload
  std::atomic<bool> draining{false};
  ServerMemory& memory = counts->held;
  PeerConnections peers;

  /// The loops that serve, for each other: what one of them does not see the others are asked to
  /// do. With mutex.
  struct Sibling {
    std::shared_ptr<net::LoopAnchor> anchor;
    std::weak_ptr<class ServerLoop> loop;
  };
  std::mutex mutex;
  std::vector<Sibling> loops;
  /// From any thread.
  std::size_t active_calls() noexcept;
};

/// A server's part on one loop: its connections and its calls. Used on that loop's thread, except
/// where it says otherwise. It stays alive, and with it what the handlers use, until the last of
/// them has ended.
class ServerLoop final : public std::enable_shared_from_this<ServerLoop>,
                         private net::LoopEndHook,
                         private MemoryKeeper {
 public:
  ServerLoop(net::Loop& loop, std::shared_ptr<ServerShared> shared) noexcept
      : loop_(loop), owned_(std::move(shared)), shared_(*owned_) {
    shared_.memory.set_limit(server_memory_limit(shared_.options));
  }
  ServerLoop(const ServerLoop&) = delete;
  ServerLoop& operator=(const ServerLoop&) = delete;
  ~ServerLoop();

  net::Loop& loop() noexcept { return loop_; }
  ServerShared& shared() noexcept { return shared_; }
  const ServerOptions& options() const noexcept { return shared_.options; }
  /// Null: there is none.
  Observer* observer() const noexcept { return shared_.dispatcher.observer(); }
  void tell(const ConnectionEvent& event) const noexcept {
    if (observer() != nullptr) observer()->on_connection(event);
  }

  /// How many connections it has been given; from any thread.
  std::size_t load() const noexcept { return load_.load(std::memory_order_relaxed); }
  /// Counts a connection that is on its way here; from any thread.
  void expect_connection() noexcept {
    load_.fetch_add(1, std::memory_order_relaxed);
    shared_.connections.fetch_add(1, std::memory_order_relaxed);
  }
  /// Serves a connection that was expected, after the TLS handshake where there is to be one.
  void adopt(std::unique_ptr<net::Stream> stream);
  void handshake_ended(ServerHandshake& handshake,
                       Result<std::unique_ptr<net::Stream>> stream) noexcept;
  /// `first` are bytes that were read of it.
  void serve_http2(std::unique_ptr<net::Stream> stream, PeerConnections::Slot slot,
                   std::string_view first = {});
  /// Another connection is there: it counts until it is over.
  void other_began(OtherConnection& connection) noexcept { others_.push_back(connection); }
  /// It is over (`failed`: it never came to its protocol, and why), or has become one of HTTP/2 or
  /// another's; it goes in a later turn, as it may be on the stack below.
  void other_over(OtherConnection& connection, const Status& failed = {}) noexcept;
  void other_became(OtherConnection& connection) noexcept;
  /// The expected connection did not come to be, or has ended.
  void connection_gone() noexcept;

  /// Every connection drains; new ones are refused.
  void drain() noexcept;
  /// Ends every call with `reason` and closes every connection.
  void cancel_all(const Status& reason) noexcept;
  /// No call and no connection is left.
  bool idle() const noexcept { return live_connections_ == 0 && live_calls() == 0; }
  /// From any thread.
  std::size_t live_calls() const noexcept { return live_calls_.load(std::memory_order_relaxed); }
  /// Calls `function` once, when idle() has come true; at once where it is.
  void when_idle(UniqueFunction<void()> function);
  /// The paths of the calls that are left.
  std::string describe_calls();

  // For calls and connections
  void call_began(ServerCall& call) noexcept;
  void call_ended() noexcept;
  /// A request that is no call: counted as one until call_ended().
  void other_stream_began(OtherStream& stream) noexcept;
  /// The same for one of another connection, which is cancelled with that.
  void other_request_began() noexcept;
  /// Not OK where a connection's call is one too many: for the server, for the connection, or for
  /// the memory of either.
  Status admit_call(const ConnectionMemory& memory) const {
    if (shared_.dispatcher.full() || memory.calls() >= most_handlers_) [[unlikely]] {
      return too_many_calls(memory);
    }
    return memory.admit();
  }
  /// Whether the loop has the time for a call that was read at `now`.
  Admission::Verdict admit_call(Admission::Client& client, TimePoint now, Duration timeout) {
    if (admission_.wants_round(now)) begin_round(now);
    return admission_.admit(client, now, timeout);
  }
  /// Counts a call that was not admitted, and says why. The text is another one when its version
  /// is.
  struct Refusal {
    std::string_view text;
    std::uint32_t version;
  };
  /// Not OK where a request that is no gRPC call is one too many, or the loop has no time for it.
  Status admit_request(Admission::Client& client, const ConnectionMemory& memory, const Peer& peer,
                       std::string_view path, Refusable refusable);
  Refusal refuse_call(Admission::Verdict verdict);
  LoopMemory& memory() noexcept { return memory_; }
  WaitingReads& waiting_reads() noexcept { return waiting_reads_; }
  /// ServerOptions::max_connection_age for one connection: with 10 % of jitter, so that connections
  /// made together do not end together (gRFC A9).
  Duration connection_age() noexcept;
  /// Why the connection with this memory is sent away.
  Status holds_most(const ConnectionMemory& memory) const;
  std::size_t memory_limit_of_connection() const noexcept { return connection_memory_limit_; }
  void connection_closed(ServerConnection& connection) noexcept;
  /// A connection came to nothing before its first call, and why.
  void log_refused(const std::string& why) noexcept {
    log_limit_.log(LogLevel::Warn, loop_.now(), why);
  }

 private:
  void on_loop_end() noexcept override;
  void on_memory_overfull() noexcept override;
  void on_memory_freed() noexcept override;
  void give_back_memory() noexcept;
  void shed() noexcept;
  std::size_t most_held() noexcept;
  template <class F>
  void for_each_that_holds(F function);
  class RoundMarker;
  void begin_round(TimePoint now);
  void end_round() noexcept;
  void report_refused(TimePoint now);
  void join_siblings();
  Status too_many_calls(const ConnectionMemory& memory) const;
  void check_idle() noexcept;
  bool wants_tls(const net::Stream& stream) const noexcept;
  void count_call() noexcept;
  void serve(std::unique_ptr<net::Stream> stream, PeerConnections::Slot slot);
  std::optional<PeerConnections::Slot> admit(const net::Address& peer);
  void drop_handshakes() noexcept;
  void refuse_connection(const net::Address& peer, const std::string& why) noexcept;
  void tell(ConnectionEvent::What what, ConnectionEvent::By by, const net::Address& address,
            const Status& status) const noexcept;
  void connection_over() noexcept;

  net::Loop& loop_;
  std::shared_ptr<ServerShared> owned_;
  ServerShared& shared_;
  LoopMemory memory_{shared_.memory, *this};
  WaitingReads waiting_reads_;
  // Handlers of a connection that run at a time, those of calls it has given up included: they may
  // need a moment to notice.
  std::size_t most_handlers_ = std::size_t{shared_.options.max_calls_per_connection} +
                               std::max<std::size_t>(shared_.options.max_calls_per_connection, 50);
  std::size_t connection_memory_limit_ = connection_memory_limit(shared_.options);
  Admission admission_{shared_.options.max_queue_delay};
  // Why calls are refused, by the delay or by their deadlines, and for which standing delay that is
  // said.
  std::array<std::string, 2> refusals_;
  Duration refusals_delay_{};
  std::uint32_t refusals_version_ = 0;
  std::uint64_t refused_ = 0;  // and not reported
  TimePoint refused_reported_{};
  std::atomic<std::size_t> load_{0};
  IntrusiveList<ServerConnection, ServerConnectionNode> connections_;
  IntrusiveList<ServerHandshake> handshakes_;
  IntrusiveList<OtherConnection> others_;
  IntrusiveList<OtherStream> other_streams_;
  IntrusiveList<ServerCall, ServerCallNode> calls_;
  LogLimit log_limit_;
  std::size_t live_connections_ = 0;  // with those in a handshake
  // Written by this loop only: the way of a call has no atomic operation that loops share.
  std::atomic<std::size_t> live_calls_{0};
  bool shedding_ = false;     // shed() is posted
  bool giving_back_ = false;  // give_back_memory() is
  bool joined_ = false;       // among shared_.loops
  UniqueFunction<void()> when_idle_;
  std::shared_ptr<ServerLoop> self_;  // while not idle
};

}  // namespace weft::rpc
