#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "weft/coro/frame_pool.h"
#include "weft/http2/session.h"
#include "weft/rpc/internal/connection.h"
#include "weft/rpc/message_stream.h"

namespace weft::rpc {

/// The sending half of a stream as far as waiting goes: blocked while the stream's queue or the
/// connection's output holds enough, and told when that has drained.
class Outgoing final {
 public:
  void attach(Connection& connection, http2::Stream& stream) noexcept {
    connection_ = &connection;
    loop_ = &connection.loop();
    stream_ = &stream;
  }
  void detach() noexcept {
    full_.reset();
    stream_ = nullptr;
    wake();
  }
  http2::Stream* stream() const noexcept { return stream_; }
  bool blocked() noexcept { return stream_->queued() != 0 || connection_->output_full(); }

  void wait(Waiter& waiter) noexcept {
    waiter_ = &waiter;
    if (stream_ == nullptr) {
      wake();
    } else if (stream_->queued() == 0) {
      // Then it is the connection that is full.
      if (full_ == nullptr) full_ = std::make_unique<Full>(*this);
      if (!full_->linked()) connection_->wait_output(*full_);
    }
  }
  bool unwait() noexcept {
    if (full_ != nullptr) full_->unlink();
    return std::exchange(waiter_, nullptr) != nullptr;
  }
  /// The stream's queue has drained.
  void wake() noexcept {
    if (Waiter* woken = std::exchange(waiter_, nullptr); woken != nullptr) {
      loop_->ready(*woken);
    }
  }

 private:
  struct Full final : OutputWaiter, coro::Pooled {
    explicit Full(Outgoing& of) noexcept : self(of) {}
    void on_output_drained() noexcept override { self.wake(); }
    Outgoing& self;
  };

  Connection* connection_ = nullptr;  // gone before this, perhaps, once the stream is
  net::Loop* loop_ = nullptr;
  http2::Stream* stream_ = nullptr;
  Waiter* waiter_ = nullptr;
  std::unique_ptr<Full> full_;  // made the first time that it waits for the connection
};

}  // namespace weft::rpc
