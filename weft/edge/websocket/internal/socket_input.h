#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "weft/coro/event.h"
#include "weft/net/loop/loop.h"
#include "weft/rpc/call/message/message_stream.h"

namespace weft::edge {

/// What has come of a client's binary messages, for whoever reads the call's requests. It holds a
/// little that nobody waits for, so that a Close behind it is seen; then the client has to wait.
class SocketInput final : public MessageReader {
 public:
  explicit SocketInput(net::Loop& loop) noexcept : loop_(loop) {}
  SocketInput(const SocketInput&) = delete;
  SocketInput& operator=(const SocketInput&) = delete;

  /// Not after end().
  void add(std::string_view part);
  /// No more will come.
  void end() noexcept;
  bool ended() const noexcept { return ended_; }
  /// Nothing more is to be added now; room() is set when that is over.
  bool full() const noexcept { return data_.size() >= kReadAhead; }
  Event& room() noexcept { return room_; }
  std::size_t memory() const noexcept { return data_.capacity(); }

  // MessageReader
  Poll poll(Message& out) override;
  void wait(Waiter& waiter) noexcept override;
  bool unwait() noexcept override;

 private:
  static constexpr std::size_t kReadAhead = std::size_t{16} * 1024;
  void wake() noexcept;

  net::Loop& loop_;
  std::string data_;
  bool ended_ = false;
  Waiter* waiting_ = nullptr;
  Event room_;
};

}  // namespace weft::edge
