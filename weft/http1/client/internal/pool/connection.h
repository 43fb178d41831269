#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include <sys/uio.h>

#include "weft/base/bytes.h"
#include "weft/coro/task.h"
#include "weft/http1/client/internal/pool/instance.h"
#include "weft/net/loop/loop.h"
#include "weft/net/loop/wait.h"
#include "weft/net/socket/stream.h"

namespace weft::http1 {

class Connection;

/// Has idle connections. Told when one cannot be used any more.
class IdleOwner {
 public:
  /// What ended it: its end, or bytes that no request asked for.
  enum class Reason : std::uint8_t { Ended, Unasked };
  /// May destroy the connection.
  virtual void on_idle_over(Connection& connection, Reason reason) noexcept = 0;

 protected:
  ~IdleOwner() = default;
};

/// A connection to a server: its stream and what was read from it. An idle one holds no buffer.
/// Belongs to one loop.
class Connection final : private net::StreamHandler {
 public:
  Connection(net::Loop& loop, std::unique_ptr<net::Stream> stream,
             std::shared_ptr<Instance> instance);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  net::Loop& loop() const noexcept { return loop_; }
  Instance& instance() const noexcept { return *instance_; }
  const std::shared_ptr<Instance>& shared_instance() const noexcept { return instance_; }
  const net::Address& peer() const noexcept { return stream_->peer_address(); }
  /// It has carried a request before.
  bool reused() const noexcept { return reused_; }

  /// Reads once, without waiting, behind what is received().
  net::IoResult receive();
  /// What was read and not taken.
  std::string_view received() const noexcept {
    return block_ ? std::string_view(block_->data() + begin_, end_ - begin_) : std::string_view();
  }
  /// After an end of what is received (net::Stream).
  bool ended_cleanly() const noexcept { return stream_->ended_cleanly(); }
  void skip(std::size_t size) noexcept { begin_ += size; }
  /// The first bytes of what is received, sharing its block.
  Bytes take(std::size_t size);
  net::IoResult write(std::span<const iovec> slices) noexcept { return stream_->write(slices); }

  /// Waits until there is something to receive, `until` has come, or wake_reader() is called; not
  /// OK: the reason for which the awaiting context was cancelled. One reader and one writer.
  Task<Status> readable(TimePoint until);
  Task<Status> writable(TimePoint until);
  void wake_reader() noexcept {
    if (reading_ != nullptr) reading_->complete();
  }

  /// Nothing is received() and no request is under way: `owner` is told when that ends.
  void begin_idling(IdleOwner& owner);
  /// A request follows. False: it cannot be used any more, and the reason.
  bool end_idling(IdleOwner::Reason& reason);
  TimePoint idle_since() const noexcept { return idle_since_; }

 private:
  void on_readable() noexcept override;
  void on_writable() noexcept override {
    if (writing_ != nullptr) writing_->complete();
  }
  /// What an idle stream has to say; WouldBlock: nothing.
  net::IoResult::Kind look();
  void make_room();

  net::Loop& loop_;
  std::unique_ptr<net::Stream> stream_;
  std::shared_ptr<Instance> instance_;
  ChunkRef block_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  net::Wait* reading_ = nullptr;
  net::Wait* writing_ = nullptr;
  IdleOwner* idle_owner_ = nullptr;  // null: a request is under way
  TimePoint idle_since_{};
  bool reused_ = false;
};

}  // namespace weft::http1
