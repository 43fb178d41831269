#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "weft/cluster/endpoints/backoff.h"
#include "weft/cluster/endpoints/member.h"
#include "weft/coro/context.h"
#include "weft/net/loop/loop.h"
#include "weft/net/proxy/http_proxy.h"
#include "weft/net/tls/tls.h"
#include "weft/rpc/client/channel.h"
#include "weft/rpc/client/internal/client_connection.h"

namespace weft::rpc {

class HealthWatch;
class LoopChannel;

/// What the connections of a channel on a loop have in common.
struct ConnectSettings {
  ChannelOptions options;
  std::shared_ptr<net::TlsClientContext> tls;  ///< null: plaintext
  std::string authority;
  std::string user_agent;
  std::optional<net::HttpProxy> proxy{};
  Observer* observer = nullptr;  ///< null: nobody
};

/// The connections of one loop to one endpoint.
///
///            connect()             SETTINGS arrived
///      idle ───────────▶ connecting ───────────────▶ serving
///        ▲                │      ▲                     │ the last connection ended
///        │          failed▼      │ wanted still, and   │
///        │              backing off     it is time     │
///        └─────────────────────────────────────────────┘
///
/// Connecting and backing off are one coroutine, keep_connecting(); a second connection may be
/// under way while others serve. A lost connection is replaced at once; the second in a row that is
/// lost soon and before it answered a call is replaced after the back-off, for which calls wait.
class Subchannel final : public cluster::Member, private ClientConnectionOwner {
 public:
  Subchannel(net::Loop& loop, LoopChannel& owner, cluster::Endpoint endpoint,
             ConnectSettings& settings);
  ~Subchannel() override;

  /// A connection that can take a call now, in turn where there are several; null if none can.
  ClientConnection* connection() noexcept;
  bool has_room() noexcept;
  /// There is a connection, though perhaps without room.
  bool serving() noexcept;
  /// The last attempt has failed and the next is not due.
  bool backing_off() const noexcept { return just_failed_ || loop_.now() < retry_at_; }
  /// Whether it has a connection to one of these.
  bool connected_to(const std::vector<net::Address>& addresses) noexcept;
  /// Why the last attempt failed; OK after one that did not.
  const Status& last_error() const noexcept { return last_error_; }
  /// Makes one more connection, unless that is being done or there are as many as there may be.
  void connect();
  /// As connect(), for an owner that wants a connection also while nobody calls: one that was lost
  /// soon after it was made is not made again at once.
  void reconnect();
  /// Ends every call and connection with `why`; nothing begins any more. Idempotent.
  void close(const Status& why) noexcept;
  /// Destroys its coroutines as they are; after close().
  void drop_coroutines() noexcept;

  /// Asks for the health of a service from now on; nothing: for none.
  void check_health(const std::optional<std::string>& service);
  /// By HealthWatch.
  void on_health(bool healthy) noexcept;
  /// As far as is known; also where nobody asks.
  bool healthy() const noexcept { return health_ == Health::Assumed || health_ == Health::Good; }
  bool health_known() const noexcept { return health_ != Health::Asked; }

  /// What an observer has been told of its ejection last.
  EndpointEvent::What told{EndpointEvent::What::Back};

 private:
  // ClientConnectionOwner
  void on_capacity() noexcept override;
  void on_leaving(ClientConnection& connection) noexcept override;
  void on_connection_closed(ClientConnection& connection) noexcept override;
  void on_too_many_pings() noexcept override;
  void on_goaway(ClientConnection& connection) noexcept override;

  enum class Health : std::uint8_t { Assumed, Asked, Good, Bad };
  Task<> keep_connecting();
  Task<Status> connect_once();
  void serving_changed();
  void tell(ConnectionEvent::What what, ClientConnection& connection, ConnectionEvent::By by,
            const Status& status) const noexcept;
  void tell_failed(const Status& status) const noexcept;
  void note_lost(ClientConnection& connection);

  net::Loop& loop_;
  LoopChannel& owner_;
  ConnectSettings& settings_;
  std::vector<std::unique_ptr<ClientConnection>> connections_;
  std::size_t next_ = 0;  // where connection() goes on
  Context context_;       // of connecting
  bool connecting_ = false;
  bool just_failed_ = false;  // while the owner is told
  bool closed_ = false;
  Health health_ = Health::Assumed;
  cluster::Backoff backoff_;
  TimePoint retry_at_{};
  TimePoint served_since_{};
  TimePoint not_before_{};     // for the next attempt, as calls wait and do not fail meanwhile
  bool in_service_ = false;    // from a connection made until the last of them is lost
  bool lost_in_vain_ = false;  // what served last; see note_lost()
  Status last_error_;
  std::unique_ptr<HealthWatch> watch_;
  // Last: a frame that is destroyed with this still counts itself out.
  Task<> connecting_task_;
};

}  // namespace weft::rpc
