#pragma once

#include <cstddef>
#include <cstdint>

#include "weft/base/status.h"
#include "weft/codec/compression.h"
#include "weft/http2/session.h"
#include "weft/net/loop.h"
#include "weft/rpc/deframer.h"
#include "weft/rpc/internal/connection.h"
#include "weft/rpc/message_stream.h"

namespace weft::rpc {

/// Whoever has the Incoming is told here of a message that cannot be given to the application.
class IncomingOwner {
 public:
  virtual void on_bad_message(const Status& status) = 0;

 protected:
  ~IncomingOwner() = default;
};

/// The messages that arrive on a stream: cut out of its DATA, decompressed when they are read.
/// Unread messages keep the stream's window closed. On a server what is held is accounted to the
/// connection: messages until they are read, the one of a method that takes one until its call
/// ends.
class Incoming final : public MessageReader {
 public:
  Incoming(net::Loop& loop, IncomingOwner& owner, std::size_t max_message_size)
      : loop_(loop), owner_(owner), deframer_(max_message_size) {}

  ~Incoming() {
    if (held_ != 0 || unread_ != 0) account(0, 0);
  }

  void attach(Connection& connection, http2::Stream& stream) noexcept {
    connection_ = &connection;
    stream_ = &stream;
    memory_ = connection.memory();
  }
  /// The stream is gone; what has arrived can still be read.
  void detach() noexcept { stream_ = nullptr; }
  /// Where what it holds is accounted; only on a server.
  ConnectionMemory& memory() const noexcept { return *memory_; }
  void set_compression(Compression compression) noexcept { compression_ = compression; }
  void set_single(bool single) noexcept { single_ = single; }

  /// Takes DATA. The status is not OK when its framing breaks gRPC's rules or limits.
  Status push(BytesView data);
  /// No more will arrive. INTERNAL when a message is left unfinished.
  Status end() noexcept;
  /// As end(), dropping what was not read.
  void fail() noexcept;

  // MessageReader
  Poll poll(Message& out) override;
  void wait(Waiter& waiter) noexcept override { waiter_ = &waiter; }
  bool unwait() noexcept override { return std::exchange(waiter_, nullptr) != nullptr; }

 private:
  Result<Message> unpack(const Bytes& packed) const;
  /// Brings the connection's account up to date. Not OK where it is overdrawn by what has come.
  Status account();
  void account(std::size_t held, std::size_t unread) noexcept;
  void return_credit();
  void wake() noexcept;

  net::Loop& loop_;
  IncomingOwner& owner_;
  Connection* connection_ = nullptr;
  http2::Stream* stream_ = nullptr;
  Waiter* waiter_ = nullptr;
  Deframer deframer_;
  ConnectionMemory::Ref memory_;  // none on a client
  std::size_t held_ = 0;          // as accounted
  std::size_t unread_ = 0;        // as accounted
  std::size_t kept_ = 0;          // a single message's size, once it was read
  std::int64_t uncredited_ = 0;   // bytes of messages that were read, less what was given back
  Compression compression_ = Compression::Identity;
  bool single_ = false;
  bool read_ = false;  // a message was
  bool ended_ = false;
  bool dropped_ = false;
};

}  // namespace weft::rpc
