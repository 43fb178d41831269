#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "weft/coro/context.h"
#include "weft/coro/task.h"
#include "weft/http1/message/head_scanner.h"
#include "weft/http1/server/internal/patience.h"
#include "weft/http1/server/internal/served_exchange.h"
#include "weft/http1/server/protocol.h"
#include "weft/http2/session/output.h"
#include "weft/net/loop/loop.h"
#include "weft/net/loop/timer.h"
#include "weft/net/socket/stream.h"
#include "weft/rpc/protocol/wire_protocol.h"

namespace weft::http1 {

/// A connection of a client that speaks HTTP/1.1: reads requests one by one, has each served, and
/// writes what a turn has produced in one go. Belongs to one loop.
///
///     Serving ──the last response, a fault──▶ WritingOut ──all is written──▶ Lingering
///        └─────── the stream fails, the server's grace is over ───┐    the client has closed,
///                                                                 ▼    or the time is over
///                                                               Closed ◀──────┘
///
/// While Serving, it is at the head of a request (no exchange), within its content, or behind that,
/// where bytes of further requests wait for the exchange to end.
class ServedConnection final : private ExchangeOwner,
                               private net::StreamHandler,
                               private net::TurnEndHook {
 public:
  ServedConnection(rpc::WireConnection& wire, const ProtocolOptions& options);
  ServedConnection(const ServedConnection&) = delete;
  ServedConnection& operator=(const ServedConnection&) = delete;
  ~ServedConnection();

  void start();

  /// `co_await connection.ended()`: until it is closed and its last handler has ended.
  class Ended {
   public:
    explicit Ended(ServedConnection& of) noexcept : self_(of) {}
    bool await_ready() const noexcept { return self_.over(); }
    void await_suspend(std::coroutine_handle<> handle) noexcept { self_.waiting_ = handle; }
    void await_resume() const noexcept {}

   private:
    ServedConnection& self_;
  };
  Ended ended() noexcept { return Ended(*this); }

 private:
  enum class Phase : std::uint8_t { Serving, WritingOut, Lingering, Closed };
  /// What the client is waited for, each with a time of its own.
  enum class Awaits : std::uint8_t { Nothing, Request, Head, Content, Reading, Close };
  struct Step final : Runnable {
    Step(Function function, ServedConnection& of) noexcept : Runnable(function), self(of) {}
    ServedConnection& self;
  };
  struct Deadline final : net::Timer {
    explicit Deadline(ServedConnection& of) noexcept : Timer(&ServedConnection::due), self(of) {}
    ServedConnection& self;
  };
  struct Cancelled final : CancelHook {
    Cancelled(Function function, ServedConnection& of) noexcept : CancelHook(function), self(of) {}
    ServedConnection& self;
  };

  // ExchangeOwner
  http2::OutputQueue& output() noexcept override { return output_; }
  bool output_full() const noexcept override;
  void flush_later() noexcept override;
  bool persists() override;
  void on_response_end(bool whole) override;
  void on_unframed_response() override { last_ = true; }
  void on_tunnel() override;
  void on_content_wanted() override;
  void on_content_taken() override { go_on_later(); }
  void on_handler_end() noexcept override { go_on_later(); }
  void on_memory_changed() noexcept override { account(); }
  void on_broken_response() noexcept override { close_after_writing(); }

  // net::StreamHandler, net::TurnEndHook
  void on_readable() noexcept override;
  void on_writable() noexcept override;
  void on_turn_end() noexcept override { flush(); }

  void read_alone() noexcept;
  void read_now() noexcept;
  void read();
  void take_in(std::string_view bytes);
  void process(std::string_view& bytes);
  bool take_head(std::string_view& bytes);
  void begin_exchange(std::string_view head);
  bool take_content(std::string_view& bytes);
  void go_on_later() noexcept;
  void go_on() noexcept;
  bool end_exchange();
  bool content_is_over() const noexcept;
  void process_input();
  bool wants_input() const noexcept;
  void read_on() noexcept;
  void end_of_input();
  void linger(std::size_t bytes) noexcept;

  void refuse(const Fault& fault);
  void end_with(const Fault& fault);
  void cut_off(const Status& reason) noexcept;
  void say_last_words(const Status& reason) noexcept;
  void close_after_writing() noexcept;
  bool at_rest() const noexcept;
  void drain() noexcept;
  void flush() noexcept;
  bool write() noexcept;
  void written() noexcept;
  void lost(const Status& why) noexcept;
  void close() noexcept;
  bool over() const noexcept { return phase_ == Phase::Closed && exchange_ == nullptr; }
  void check_over() noexcept;

  Awaits awaits() const noexcept;
  Duration time_for(Awaits what) const noexcept;
  void spend_patience(TimePoint now) noexcept;
  bool has_read_meanwhile() noexcept;
  std::string too_slow(Awaits what) const;
  void watch(bool progress) noexcept;
  static void due(net::Timer& timer) noexcept;
  void time_is_over();
  void account() noexcept;

  rpc::WireConnection& wire_;
  net::Loop& loop_;
  net::Stream& stream_;
  const ProtocolOptions& options_;
  HeadScanner scanner_;
  std::unique_ptr<ServedExchange> exchange_;
  std::string input_;  // read and not processed
  std::size_t input_at_ = 0;
  http2::OutputQueue output_;
  std::uint64_t requests_ = 0;
  std::size_t lingered_ = 0;    // bytes
  std::uint32_t round_ = 0;     // of the loop
  std::uint32_t in_round_ = 0;  // requests
  Phase phase_ = Phase::Serving;
  Awaits awaited_ = Awaits::Nothing;
  bool last_ = false;        // no request follows
  bool of_head_ = false;     // the request is a HEAD
  bool held_up_ = false;     // further requests wait until the client has read
  bool breaks_off_ = false;  // what it ends with would look whole
  bool input_ended_ = false;
  bool write_blocked_ = false;
  bool tunnel_ = false;
  bool asked_for_content_ = false;
  bool going_on_ = false;     // go_on_ is queued
  bool reads_alone_ = false;  // read_alone_ is
  TimePoint due_ = kNever;
  TimePoint awaited_since_{};
  Patience for_content_;
  Patience for_reading_;
  // Bytes of content and of output since the last look at these.
  std::uint64_t came_ = 0;
  std::uint64_t went_ = 0;
  std::size_t unread_ = 0;  // by the client, when it was last looked at
  Deadline deadline_{*this};
  Step go_on_;
  Step read_alone_;
  Step resume_;
  Cancelled cancelled_;
  std::coroutine_handle<> waiting_;
  Task<> draining_;
};

}  // namespace weft::http1
