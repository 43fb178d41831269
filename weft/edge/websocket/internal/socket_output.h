#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "weft/base/bytes.h"
#include "weft/edge/websocket/internal/frame.h"
#include "weft/net/loop/loop.h"
#include "weft/rpc/call/message/message_stream.h"

namespace weft::edge {

/// What the server sends over a WebSocket: each envelope as a binary message, and between them what
/// the protocol needs, which waits for nobody. Once it is closed nothing more is sent.
class SocketOutput final : public MessageWriter {
 public:
  /// `raw`: the connection's bytes.
  SocketOutput(net::Loop& loop, MessageWriter& raw) noexcept;
  SocketOutput(const SocketOutput&) = delete;
  SocketOutput& operator=(const SocketOutput&) = delete;
  ~SocketOutput();

  /// A whole text message, or a Ping or Pong. These are dropped where the client reads nothing: it
  /// would have to be given memory for them.
  void send(Opcode opcode, std::string_view payload);
  /// Sends Close, once; nothing where there is no memory for it.
  void close(CloseCode code, std::string_view reason) noexcept;
  bool closed() const noexcept { return closed_; }
  std::size_t memory() const noexcept { return waiting_.capacity(); }

  // MessageWriter: a message is made of whole envelopes.
  Poll offer(const Message& message) override;
  void wait(Waiter& waiter) noexcept override;
  bool unwait() noexcept override;

 private:
  struct Room final : Runnable {
    explicit Room(SocketOutput& of) noexcept;
    SocketOutput& self;
  };
  void on_room() noexcept;
  Poll flush();
  void flush_or_wait() noexcept;
  void wait_for_room() noexcept;

  net::Loop& loop_;
  MessageWriter& raw_;
  std::string waiting_;  // frames for which there was no room
  bool closed_ = false;
  bool waits_ = false;  // raw_ has room_
  Waiter* writer_ = nullptr;
  Room room_{*this};
};

}  // namespace weft::edge
