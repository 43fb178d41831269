#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/result.h"
#include "weft/cluster/endpoints/backoff.h"
#include "weft/codec/message.h"
#include "weft/coro/task.h"
#include "weft/messaging/nats/internal/link/connect.h"
#include "weft/messaging/nats/internal/link/output.h"
#include "weft/messaging/nats/internal/setup.h"
#include "weft/messaging/nats/protocol/parser.h"
#include "weft/net/loop/loop.h"
#include "weft/net/loop/timer.h"
#include "weft/net/socket/stream.h"

namespace weft::nats {

/// Who uses a link. Told in the middle of reading, so it resumes no coroutine and does not destroy
/// the link.
class LinkOwner {
 public:
  virtual void on_message(const Operation& message) noexcept = 0;
  /// The broker has been reached, and subscriptions have been sent.
  virtual void on_connected() noexcept = 0;
  /// None of the brokers could be reached; the link tries again after a pause.
  virtual void on_unreachable(const Status& reason) noexcept = 0;
  /// The connection is lost; the link connects again, unless it is closing.
  virtual void on_lost(const Status& reason) noexcept = 0;
  /// The broker refuses something and keeps the connection: a -ERR.
  virtual void on_refused(std::string_view text) noexcept = 0;
  /// The broker has taken all that was sent before BrokerLink::flush().
  virtual void on_flushed() noexcept {}

 protected:
  ~LinkOwner() = default;
};

/// A loop's connection to the broker, made again when it is lost, with its subscriptions. What is
/// sent is written at the end of a turn, in one piece. For the loop's thread.
///
///     Idle ──open()──▶ Connecting ──▶ Connected ──lost──▶ Connecting
///                          │ ▲ no broker answers
///                          ▼ │
///                         Pause                 close(): Closed, from everywhere
class BrokerLink final : public std::enable_shared_from_this<BrokerLink>,
                         private net::StreamHandler,
                         private net::TurnEndHook,
                         private net::LoopEndHook {
 public:
  enum class State : std::uint8_t { Idle, Connecting, Connected, Pause, Closed };

  /// `owner` outlives the link, or closes it.
  BrokerLink(net::Loop& loop, std::shared_ptr<const Setup> setup, LinkOwner& owner);
  BrokerLink(const BrokerLink&) = delete;
  BrokerLink& operator=(const BrokerLink&) = delete;
  ~BrokerLink();

  State state() const noexcept { return state_; }
  /// Connects from now on; does nothing where it does already.
  void open();
  /// Why the broker was last not there.
  const Status& last_error() const noexcept { return last_error_; }

  /// Of this connection and those that follow. `queue` empty: no group. Its number is its place in
  /// the order of the calls, from 1.
  void subscribe(std::string subject, std::string queue);
  void unsubscribe_all();

  // While it is connected:
  /// `headers`: a whole block (protocol/headers.h). `reply` may be empty. The sizes are within
  /// max_payload().
  void publish(std::string_view subject, std::string_view reply, std::string_view headers,
               const Message& payload);
  /// LinkOwner::on_flushed() follows, unless the connection is lost.
  void flush();
  /// Bytes of headers and payload that the broker takes.
  std::size_t max_payload() const noexcept { return info_.max_payload; }
  /// Bytes that wait to be sent.
  std::size_t unsent() const noexcept { return output_.size(); }
  /// Since the beginning of the connection: bytes that were published, and that the system has.
  std::uint64_t added() const noexcept { return sent_ + output_.size(); }
  std::uint64_t sent() const noexcept { return sent_; }

  /// Once; nothing is told any more.
  void close() noexcept;

 private:
  struct Subscription {
    std::string subject;
    std::string queue;
  };
  struct LinkTimer final : net::Timer {
    LinkTimer(BrokerLink& of, Function expired) noexcept : Timer(expired), link(of) {}
    BrokerLink& link;
  };
  enum class Pong : std::uint8_t { KeepsAlive, Flushes };

  // net::StreamHandler
  void on_readable() noexcept override;
  void on_writable() noexcept override { write(); }
  // net::TurnEndHook
  void on_turn_end() noexcept override { write(); }
  // net::LoopEndHook
  void on_loop_end() noexcept override;

  void connect_soon();
  void connect_now();
  static Task<> attempt(BrokerLink& self);
  void attempt_ended();
  void attempt_failed(const Status& reason);
  void connected(Session session);
  void write_subscription(std::size_t index);
  void written_to();
  void write() noexcept;
  bool take_bytes(std::string_view bytes);
  bool take(const Operation& operation);
  bool take_error(std::string_view text);
  void take_pong() noexcept;
  void take_info(std::string_view json);
  void lose(const Status& reason) noexcept;
  void drop_connection() noexcept;
  static void pause_over(net::Timer& timer) noexcept;
  static void ping_due(net::Timer& timer) noexcept;

  net::Loop& loop_;
  const std::shared_ptr<const Setup> setup_;
  LinkOwner& owner_;
  cluster::Backoff backoff_;
  State state_ = State::Idle;
  std::vector<Subscription> subscriptions_;
  std::size_t next_broker_ = 0;
  std::size_t failed_in_round_ = 0;      // brokers
  std::optional<Result<Session>> made_;  // by the attempt that has ended
  std::optional<Task<>> connecting_;
  bool connect_posted_ = false;
  Status last_error_;
  TimePoint connected_at_{};
  LinkTimer pause_{*this, &BrokerLink::pause_over};

  // Of the connection:
  std::unique_ptr<net::Stream> stream_;
  BrokerInfo info_;
  Parser parser_;
  Output output_;
  std::uint64_t sent_ = 0;
  bool reading_paused_ = false;
  std::deque<Pong> pongs_;  // that are to come
  bool heard_ = false;      // since the last PING of pinger_
  int silent_ = 0;          // intervals
  LinkTimer pinger_{*this, &BrokerLink::ping_due};
};

}  // namespace weft::nats
