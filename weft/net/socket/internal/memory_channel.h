#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "weft/net/loop/loop.h"
#include "weft/net/socket/stream.h"

namespace weft::net::internal {

/// What the two ends of a stream in memory share: a bounded buffer each way. Each end is used on
/// its own loop's thread; the buffers and flags are under one lock.
class MemoryChannel : public std::enable_shared_from_this<MemoryChannel> {
 public:
  enum class End : std::uint8_t { First, Second };

  explicit MemoryChannel(std::size_t capacity) : capacity_(capacity) {}

  /// Says on which loop an end lives; until then nobody is told of anything there.
  void bind(End end, Loop& loop);
  /// On the end's own thread only.
  void set_handler(End end, StreamHandler* handler) noexcept { side(end).handler = handler; }

  IoResult read(End end, std::span<char> into, const Address& peer);
  IoResult write(End end, std::span<const iovec> slices, const Address& peer);
  void want_read(End end);
  void want_write(End end);
  void shutdown_write(End end);
  void close(End end) { end_side(end, false); }
  void abort(End end) { end_side(end, true); }

 private:
  /// One end: what has arrived there, and whether it waits.
  struct Side {
    std::shared_ptr<LoopAnchor> loop;
    StreamHandler* handler = nullptr;
    std::vector<char> incoming;
    std::size_t consumed = 0;
    bool finished = false;  // the other end will write no more
    bool reset = false;     // and has not written all
    bool closed = false;
    bool wants_read = false;
    bool wants_write = false;
    bool notified = false;

    std::size_t unread() const noexcept { return incoming.size() - consumed; }
  };

  Side& side(End end) noexcept { return sides_[static_cast<std::size_t>(end)]; }
  Side& other(End end) noexcept { return sides_[1 - static_cast<std::size_t>(end)]; }
  static void take(Side& from, std::span<char> into) noexcept;
  bool readable(const Side& side) const noexcept { return side.unread() > 0 || side.finished; }
  bool writable(End end) noexcept { return other(end).closed || other(end).unread() < capacity_; }
  void end_side(End end, bool reset);
  void notify_if_due(End end);
  void deliver(End end);

  std::mutex mutex_;
  const std::size_t capacity_;
  std::array<Side, 2> sides_;
};

/// One end as a Stream.
class MemoryStream final : public Stream {
 public:
  MemoryStream(std::shared_ptr<MemoryChannel> channel, MemoryChannel::End end, Loop& loop,
               Address local, Address peer);
  ~MemoryStream() override { close(); }

  void set_handler(StreamHandler* handler) noexcept override {
    channel_->set_handler(end_, handler);
  }
  IoResult read(std::span<char> into) noexcept override {
    return channel_->read(end_, into, peer_);
  }
  IoResult write(std::span<const iovec> slices) noexcept override {
    return channel_->write(end_, slices, peer_);
  }
  void want_read() noexcept override { channel_->want_read(end_); }
  void want_write() noexcept override { channel_->want_write(end_); }
  void shutdown_write() noexcept override { channel_->shutdown_write(end_); }
  void close() noexcept override { channel_->close(end_); }
  void abort() noexcept override { channel_->abort(end_); }
  const Address& local_address() const noexcept override { return local_; }
  const Address& peer_address() const noexcept override { return peer_; }

 private:
  std::shared_ptr<MemoryChannel> channel_;
  MemoryChannel::End end_;
  Address local_;
  Address peer_;
};

}  // namespace weft::net::internal
