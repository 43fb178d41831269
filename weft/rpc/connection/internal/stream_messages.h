#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "weft/base/status.h"
#include "weft/codec/compression.h"
#include "weft/coro/frame/frame_pool.h"
#include "weft/http2/session/session.h"
#include "weft/net/loop/loop.h"
#include "weft/rpc/call/message/message_stream.h"
#include "weft/rpc/connection/internal/connection.h"
#include "weft/rpc/grpc/deframer.h"

namespace weft::rpc {

/// The messages of a stream, which a call derives from.
///
/// Those that arrive are cut out of its DATA and decompressed when they are read, as far as the
/// connection's ReadBudget goes in this turn. Unread messages keep the stream's window closed. On a
/// server what is held is accounted to the connection: messages until they are read, the one that
/// was read last until the next is or the call ends, since a handler has it.
///
/// Those that are sent only wait here: while the stream's queue or the connection's output holds
/// enough, until that has drained. The one that waits is accounted as well.
class StreamMessages : public MessageReader {
 public:
  StreamMessages(const StreamMessages&) = delete;
  StreamMessages& operator=(const StreamMessages&) = delete;

  // MessageReader
  Poll poll(Message& out) override;
  void wait(Waiter& waiter) noexcept override { keep_waiter(reader_, waiter, kNextMessage); }
  bool unwait() noexcept override { return std::exchange(reader_, nullptr) != nullptr; }
  void hold(const void* object, Measure memory) override;

 protected:
  explicit StreamMessages(std::size_t max_message_size) noexcept : deframer_(max_message_size) {}
  ~StreamMessages() {
    waits_.reset();  // while there is an account
    if (held_ != 0 || unread_ != 0) account(0, 0);
  }

  virtual net::Loop& messages_loop() noexcept = 0;
  /// A message cannot be given to the application.
  virtual void on_bad_message(const Status& status) = 0;
  /// A message that had `packed` bytes on the wire is `plain` bytes large; where that is
  /// observed().
  virtual void on_unpacked(std::size_t packed, std::size_t plain) noexcept = 0;
  /// on_unpacked() is told from now on.
  void set_observed() noexcept { observed_ = true; }
  bool observed() const noexcept { return observed_; }

  void attach(Connection& connection, http2::Stream& stream) noexcept {
    connection_ = &connection;
    stream_ = &stream;
    account_ = connection.shared_account();
  }
  /// The stream is gone, and the connection may be; what has arrived can still be read.
  void detach() noexcept {
    response_taken();
    if (waits_ != nullptr) waits_->OutputWaiter::unlink();
    stream_ = nullptr;
    wake_writer();
  }
  /// Null before and after.
  http2::Stream* stream() const noexcept { return stream_; }
  /// While there is a stream.
  Connection& connection() const noexcept { return *connection_; }
  ConnectionMemory& memory() const noexcept { return account_->memory; }
  /// How compressed messages arrive.
  void set_arriving_compression(Compression compression) noexcept { compression_ = compression; }
  std::size_t max_message_size() const noexcept { return deframer_.limit(); }
  /// Only one is to arrive.
  void set_single(bool single) noexcept { single_ = single; }
  /// The one that is to arrive is there for its reader once the peer has ended its side: a second
  /// may come until then.
  void set_single_at_end(bool single) noexcept { single_ = at_end_ = single; }
  /// What arrives from here on is read in the same turn, unless keep_unread() is called in that.
  void expect_reader() noexcept { deframer_.expect_reader(); }
  /// What has arrived and is not read yet may wait for long.
  void keep_unread();

  /// Takes DATA. The status is not OK when its framing breaks gRPC's rules or limits.
  Status push(BytesView data) {
    // Then nothing is due to be credited: no message is unfinished, and none was read since.
    if (!deframer_.push_whole(data)) return push_parts(data);
    Status status = single_ && read_ ? one_too_many() : account();
    if (status.ok() && !at_end_) wake(reader_);
    return status;
  }
  /// No more will arrive. INTERNAL when a message is left unfinished.
  Status end_input() noexcept {
    if (input_ == Input::Open) input_ = Input::Ended;
    wake(reader_);
    return deframer_.at_boundary() ? Status() : unfinished();
  }
  /// As end_input(), dropping what was not read.
  void drop_input() noexcept {
    input_ = Input::Dropped;
    deframer_.drop();
    if (differs(kept_, held_) || unread_ != 0) account(kept_, 0);
    wake(reader_);
  }

  bool output_blocked() noexcept { return stream_->queued() != 0 || connection_->output_full(); }
  /// A message of so many bytes waits for output_blocked() to end. Not OK where there is no memory
  /// for that.
  Status hold_response(std::size_t bytes);
  /// It waits no more.
  void response_taken() noexcept {
    if (waits_ != nullptr) waits_->set_response(0);
  }
  void wait_output(Waiter& waiter) noexcept;
  bool unwait_output() noexcept {
    if (waits_ != nullptr) waits_->OutputWaiter::unlink();
    return std::exchange(writer_, nullptr) != nullptr;
  }
  /// Whether a coroutine waits to read or to write.
  bool waited_for() const noexcept { return reader_ != nullptr || writer_ != nullptr; }
  /// The stream's queue has drained.
  void wake_writer() noexcept { wake(writer_); }

 private:
  // Less than this is not worth a look at the account; what a call is charged with covers it.
  static constexpr std::size_t kAccountStep = 2048;
  static_assert((kAccountStep & (kAccountStep - 1)) == 0);

  /// What only streams need that have to wait: for the connection's output, or for a turn of the
  /// connection's own to read in.
  struct Waits final : OutputWaiter, Runnable, coro::Pooled {
    explicit Waits(StreamMessages& of) noexcept : Runnable(&Waits::read_on), self(of) {}
    ~Waits() { set_response(0); }
    void on_output_drained() noexcept override { self.wake_writer(); }
    static void read_on(Runnable& item) noexcept {
      StreamMessages& self = static_cast<Waits&>(item).self;
      self.wake(self.reader_);
    }
    /// Accounts a response that waits to be written.
    void set_response(std::size_t bytes) noexcept {
      if (bytes == response) return;
      self.memory().add(static_cast<std::int64_t>(bytes) - static_cast<std::int64_t>(response));
      response = bytes;
    }
    StreamMessages& self;
    std::size_t response = 0;
  };

  Waits& waits();
  Poll wait_for_turn();
  Poll unpack(Message& out, std::size_t& size, Status& status);
  Result<Bytes> inflate(const Bytes& packed, std::size_t limit) const;
  Status push_parts(BytesView data);
  bool second_began() const noexcept;
  [[gnu::cold]] Status one_too_many() const;
  [[gnu::cold]] Status unfinished() const;
  Poll pop(Message& out, std::size_t& size, Status& status);
  /// Brings the connection's account up to date. Not OK where it is overdrawn by what has come.
  Status account() {
    const std::size_t held = deframer_.held() + kept_;
    const std::size_t unread = deframer_.unread();
    // As a rule they are all small, which a power of two shows at once.
    if ((held | unread | held_ | unread_) < kAccountStep) [[likely]]
      return {};
    // A single message goes over from unread to kept, which is the same in sum.
    const bool changed = differs(held, held_) || differs(unread, unread_);
    return changed ? account_changed(held, unread) : Status();
  }
  Status account_changed(std::size_t held, std::size_t unread);
  static bool differs(std::size_t now, std::size_t before) noexcept {
    return now + kAccountStep <= before || before + kAccountStep <= now;
  }
  void account(std::size_t held, std::size_t unread) noexcept;
  void return_credit();
  void wake(Waiter*& waiter) noexcept {
    if (Waiter* woken = std::exchange(waiter, nullptr); woken != nullptr) {
      messages_loop().ready(*woken);
    }
  }

  Connection* connection_ = nullptr;
  http2::Stream* stream_ = nullptr;
  Waiter* reader_ = nullptr;
  Waiter* writer_ = nullptr;
  std::unique_ptr<Waits> waits_;  // made the first time that it waits
  ConnectionAccount::Ref account_;
  Deframer deframer_;
  std::size_t held_ = 0;         // as accounted
  std::size_t unread_ = 0;       // as accounted
  std::int64_t uncredited_ = 0;  // bytes of messages that were read, less what was given back
  std::uint32_t kept_ = 0;       // what the message that was read last takes
  Compression compression_ = Compression::Identity;
  enum class Input : std::uint8_t { Open, Ended, Dropped } input_ = Input::Open;
  bool single_ : 1 = false;
  bool at_end_ : 1 = false;      // its one message is read once the input has ended
  bool read_ : 1 = false;        // a message was
  bool large_next_ : 1 = false;  // the next message is known to inflate to much
  bool observed_ : 1 = false;
};

}  // namespace weft::rpc
