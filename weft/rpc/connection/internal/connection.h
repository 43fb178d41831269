#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "weft/base/intrusive_list.h"
#include "weft/base/status.h"
#include "weft/codec/message.h"
#include "weft/http2/session/session.h"
#include "weft/net/loop/loop.h"
#include "weft/net/socket/stream.h"
#include "weft/rpc/call/call.h"
#include "weft/rpc/call/message/message_stream.h"
#include "weft/rpc/call/observer.h"
#include "weft/rpc/connection/internal/memory_budget.h"
#include "weft/rpc/connection/internal/rare_timer.h"

namespace weft::rpc {

/// The longest frame that we take (SETTINGS_MAX_FRAME_SIZE): about a block that is read into, so
/// that large messages come in few pieces.
inline constexpr std::uint32_t kFrameSize = 64 * 1024;

/// Waits until the connection's output has drained.
class OutputWaiter : public ListNode {
 public:
  virtual void on_output_drained() noexcept = 0;

 protected:
  ~OutputWaiter() = default;
};

/// An HTTP/2 session on a byte stream: moves bytes between the two, once per turn of the loop, and
/// watches over the connection's life (keepalive). Server and client connections derive from it and
/// handle the session's events. Belongs to one loop.
class Connection : public http2::SessionHandler,
                   private net::StreamHandler,
                   private net::TurnEndHook {
 public:
  struct KeepAlive {
    Duration time = kForever;  ///< silence before a PING
    Duration timeout = std::chrono::seconds(20);
    bool without_calls = true;
    /// How long the peer may take to acknowledge our first SETTINGS (RFC 9113 section 6.5.3).
    Duration settings_timeout = kForever;
  };

  /// An account with a limit bounds the connection's output as well.
  Connection(net::Loop& loop, std::unique_ptr<net::Stream> stream,
             const http2::SessionOptions& options, const KeepAlive& keepalive,
             ConnectionAccount::Ref account);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  virtual ~Connection();

  net::Loop& loop() const noexcept { return loop_; }
  http2::Session& session() noexcept { return session_; }
  const Peer::Ref& peer() const noexcept { return peer_; }
  /// Why it was closed, or is about to be; OK before.
  const Status& close_reason() const noexcept { return failure_; }
  bool closed() const noexcept { return phase_ == Phase::Closed; }
  /// Who ended it, once it is closed.
  ConnectionEvent::By closed_by() const noexcept { return closed_by_; }
  /// When bytes were read last.
  TimePoint last_read() const noexcept { return last_activity_; }

  /// Begins to read, and to write what the session has to say first. `first` was read before.
  void start(std::string_view first = {});
  /// Writes the session's output at the end of this turn.
  void flush_later() noexcept {
    if (!net::TurnEndHook::linked()) loop_.at_turn_end(*this);
  }

  /// So much waits to be written that no more should be produced: wait_output() tells when.
  bool output_full() noexcept {
    return session_.output().size() > output_high_ || session_.queued() > queue_high_;
  }
  void wait_output(OutputWaiter& waiter) noexcept { output_waiters_.push_back(waiter); }

  /// What this connection and its calls may cost.
  const ConnectionAccount::Ref& shared_account() const noexcept { return account_; }
  ConnectionMemory* memory() const noexcept { return &account_->memory; }
  /// What its calls hold has changed: the peer may send more, or less.
  void memory_changed() noexcept;

  /// Units of ReadBudget's, from a callback of the session, which takes no further frame where
  /// nothing is left.
  void spend(std::int32_t units) noexcept {
    account_->reads.spend(units);
    if (account_->reads.spent()) [[unlikely]]
      session_.pause();
  }
  /// As spend(), where a header list of this size was decoded and looked at.
  void spend_on_headers(std::size_t bytes) noexcept;
  /// Memory of what was read and waits for a turn of the connection's own.
  std::size_t unprocessed() const noexcept { return rest_ == nullptr ? 0 : rest_->input.pinned(); }

  /// Sends a message of gRPC's framing on the stream, compressed where asked, straight into the
  /// output where the windows allow it. What a large one lends is written to the socket before this
  /// returns, or copied where that does not take it. The status says why the message could not be
  /// encoded.
  Status send_message(http2::Stream& stream, const Message& message, Compression compression,
                      bool end_stream);
  /// Whether send_message() compresses it.
  static bool compresses(const Message& message, Compression compression) noexcept {
    return compression != Compression::Identity && !message.uncompressed() && message.size() != 0;
  }
  /// By how many bytes the message that was compressed last has become smaller; below zero where it
  /// has grown.
  std::int64_t saved_last() const noexcept { return saved_last_; }

  /// Ends the connection: every stream is closed, then closed() is told. Idempotent.
  void close(const Status& why) noexcept;
  /// As close(), after the output has been written as far as the socket takes it now: what was
  /// queued for the peer, such as the GOAWAY that tells it of its error, is not lost with the owner
  /// of the connection. Waits for nothing.
  void write_and_close(const Status& why) noexcept;
  /// Sends GOAWAY with the code, then closes when that has been written and the peer has closed
  /// too, or a second has passed.
  void abort(http2::ErrorCode code, const Status& why) noexcept;
  /// Closes once the last stream has ended, everything is written, and the peer has closed too or a
  /// second has passed.
  void close_when_idle() noexcept;

  // http2::SessionHandler, as far as it is the same for both sides
  void on_ping_ack(std::uint64_t payload) override;
  void on_connection_error(http2::ErrorCode code, const Status& status) override;

 protected:
  /// Bytes that the stream has taken so far.
  std::uint64_t written() const noexcept { return written_; }
  /// Brings what the connection itself holds up to date in its account.
  virtual void account() noexcept {}
  /// What the turn has produced is on its way, or waits for the peer to read.
  virtual void on_flushed() noexcept {}
  /// The connection is closed; nothing of it is called again. Called once, and the owner destroys
  /// it in a later turn.
  virtual void on_closed(const Status& why) noexcept = 0;
  /// Bytes have arrived.
  virtual void on_activity() noexcept {}
  /// A stream has ended: see whether the connection is to go.
  void stream_ended() noexcept;
  /// Answer to a ping() of the derived class.
  virtual void on_own_ping_ack() noexcept {}
  static constexpr std::uint64_t kOwnPing = 0x7765667464726169;  // "weftdrai"

 private:
  static constexpr std::size_t kOutputHigh = 1024 * 1024;
  // A peer that sends more and reads nothing of what it is answered: far above kOutputHigh, where
  // writers wait, so that two ends that both do this never wait for each other because of DATA.
  static constexpr std::size_t kPauseReading = 4 * 1024 * 1024;
  static constexpr std::uint64_t kKeepAlivePing = 0x776566746b656570;  // "weftkeep"

  // For what was written last to reach a peer that has to go.
  static constexpr Duration kLinger = std::chrono::seconds(1);
  // The same for one that is drained: what it has not read yet may be megabytes on a slow link. It
  // is waited for while something comes from it now and then, as window updates do.
  static constexpr Duration kQuietLinger = std::chrono::seconds(5);
  static constexpr Duration kLongestLinger = std::chrono::seconds(60);

  /// How far its end is. It goes forward only, and may leave phases out; close() goes to Closed
  /// from any.
  ///
  ///     Open ──close_when_idle()──▶ Draining ──the last stream has ended──▶ WritingOut
  ///       └────abort(), an error of the session's────────────────────────────▶┘  │ all is written
  ///     Closed ◀──the peer has closed, or the time is over── Lingering ◀─────────┘
  ///
  /// From WritingOut on failure_ says why.
  enum class Phase : std::uint8_t { Open, Draining, WritingOut, Lingering, Closed };

  struct KeepAliveTimer : net::Timer {
    explicit KeepAliveTimer(Connection& owner) noexcept
        : Timer(&Connection::keepalive_due), connection(owner) {}
    Connection& connection;
  };

  inline Status try_to_send(http2::Stream& stream, const Message& message, Compression compression,
                            bool end_stream);
  Status send_compressed(http2::Stream& stream, const Message& message, Compression compression,
                         bool end_stream);
  void note_end(ConnectionEvent::By by) noexcept;
  void queue(http2::Stream& stream, std::vector<Bytes> pieces, bool end_stream);
  void write_lent();
  void on_readable() noexcept override;
  void on_writable() noexcept override { flush(); }
  void on_turn_end() noexcept override { flush(); }
  void read();
  void out_of_memory() noexcept;
  bool read_some();
  bool take_in(Bytes& input, int frames);
  void take_in_later(Bytes input);
  void take_in_rest();
  void close_in_turn(const Status& why) noexcept;
  void close_now() noexcept;
  bool make_rest() noexcept;
  void end_streams_later() noexcept;
  void read_on() noexcept;
  net::IoResult write_output() noexcept;
  void flush() noexcept;
  void linger() noexcept;
  void forget_input() noexcept;
  void wake_output_waiters() noexcept;
  void close_after_write(const Status& why) noexcept;
  void linger_on() noexcept;
  void linger_over() noexcept;
  void arm_linger(Duration longest) noexcept;
  void settings_came() noexcept;
  void settings_overdue() noexcept;
  static void keepalive_due(net::Timer& timer) noexcept;
  void check_keepalive() noexcept;

  net::Loop& loop_;
  std::unique_ptr<net::Stream> stream_;
  Peer::Ref peer_;
  http2::Session session_;
  ConnectionAccount::Ref account_;
  std::size_t output_high_ = kOutputHigh;
  std::size_t queue_high_ = SIZE_MAX;
  std::size_t pause_reading_ = SIZE_MAX;
  std::uint64_t written_ = 0;
  std::int64_t saved_last_ = 0;
  /// What has to wait for a turn of the connection's own: what was read, the end of its streams, or
  /// its own end. Nothing is read before that.
  struct Rest : Runnable {
    explicit Rest(Connection& of) noexcept : Runnable(&Rest::take_in), self(of) {}
    static void take_in(Runnable& item) noexcept;
    Connection& self;
    Bytes input;
    bool closes = false;  // and failure_ says why
  };
  std::unique_ptr<Rest> rest_;
  bool reading_paused_ = false;
  KeepAlive keepalive_;
  KeepAliveTimer keepalive_timer_{*this};
  RareTimer<Connection> linger_timer_;  // before that: for the ACK of our SETTINGS
  TimePoint last_activity_;
  TimePoint linger_end_{};  // at the latest
  TimePoint ping_sent_{};
  IntrusiveList<OutputWaiter> output_waiters_;
  Status failure_;
  bool settings_due_ = false;  // not acknowledged yet, and linger_timer_ runs for that
  bool write_failed_ = false;  // and failure_ says why; the next flush closes
  Phase phase_ = Phase::Open;
  ConnectionEvent::By closed_by_ = ConnectionEvent::By::Local;
};

}  // namespace weft::rpc
