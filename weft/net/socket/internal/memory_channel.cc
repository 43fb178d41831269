#include "weft/net/socket/internal/memory_channel.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "weft/net/socket/internal/socket_error.h"

namespace weft::net::internal {
namespace {

// A buffer that has been drained and is larger than this goes back to the system.
constexpr std::size_t kKeptWhenEmpty = std::size_t{16} << 10;

IoResult done(std::size_t size) {
  return {.kind = IoResult::Kind::Done, .size = size, .error = {}};
}

IoResult failed(const Address& peer, int error) {
  return {.kind = IoResult::Kind::Failed, .size = 0, .error = connection_error(peer, error)};
}

}  // namespace

void MemoryChannel::bind(End end, Loop& loop) {
  const std::lock_guard lock(mutex_);
  side(end).loop = loop.anchor();
}

IoResult MemoryChannel::read(End end, std::span<char> into, const Address& peer) {
  const std::lock_guard lock(mutex_);
  Side& self = side(end);
  if (self.closed) return failed(peer, EBADF);
  const std::size_t size = std::min(into.size(), self.unread());
  if (size == 0) {
    if (into.empty() || !self.finished) return {};
    if (self.reset) return failed(peer, ECONNRESET);
    return {.kind = IoResult::Kind::End, .size = 0, .error = {}};
  }
  take(self, into.first(size));
  notify_if_due(end == End::First ? End::Second : End::First);
  return done(size);
}

void MemoryChannel::take(Side& from, std::span<char> into) noexcept {
  std::memcpy(into.data(), from.incoming.data() + from.consumed, into.size());
  from.consumed += into.size();
  if (from.unread() == 0) {
    from.consumed = 0;
    if (from.incoming.capacity() > kKeptWhenEmpty) {
      std::vector<char>().swap(from.incoming);
    } else {
      from.incoming.clear();
    }
  } else if (from.consumed > from.unread()) {
    // Moving less than was consumed since the last move: constant cost per byte.
    from.incoming.erase(from.incoming.begin(),
                        from.incoming.begin() + static_cast<std::ptrdiff_t>(from.consumed));
    from.consumed = 0;
  }
}

IoResult MemoryChannel::write(End end, std::span<const iovec> slices, const Address& peer) {
  const std::lock_guard lock(mutex_);
  Side& target = other(end);
  if (side(end).closed) return failed(peer, EBADF);
  if (target.closed || target.finished) return failed(peer, EPIPE);
  std::size_t written = 0;
  for (const iovec& slice : slices) {
    const std::size_t size = std::min(slice.iov_len, capacity_ - target.unread());
    const char* data = static_cast<const char*>(slice.iov_base);
    target.incoming.insert(target.incoming.end(), data, data + size);
    written += size;
    if (size < slice.iov_len) break;
  }
  if (written == 0) return {};
  notify_if_due(end == End::First ? End::Second : End::First);
  return done(written);
}

void MemoryChannel::want_read(End end) {
  const std::lock_guard lock(mutex_);
  side(end).wants_read = true;
  notify_if_due(end);
}

void MemoryChannel::want_write(End end) {
  const std::lock_guard lock(mutex_);
  side(end).wants_write = true;
  notify_if_due(end);
}

void MemoryChannel::shutdown_write(End end) {
  const std::lock_guard lock(mutex_);
  if (side(end).closed) return;
  other(end).finished = true;
  notify_if_due(end == End::First ? End::Second : End::First);
}

void MemoryChannel::end_side(End end, bool reset) {
  const std::lock_guard lock(mutex_);
  Side& self = side(end);
  if (self.closed) return;
  self.closed = true;
  self.handler = nullptr;
  std::vector<char>().swap(self.incoming);
  self.consumed = 0;
  other(end).finished = true;
  other(end).reset = reset;
  notify_if_due(end == End::First ? End::Second : End::First);
}

void MemoryChannel::notify_if_due(End end) {
  Side& self = side(end);
  const bool due = (self.wants_read && readable(self)) || (self.wants_write && writable(end));
  if (!due || self.notified || self.closed || self.loop == nullptr) return;
  self.notified = self.loop->post([channel = shared_from_this(), end] { channel->deliver(end); });
}

void MemoryChannel::deliver(End end) {
  Side& self = side(end);
  bool read = false;
  bool write = false;
  {
    const std::lock_guard lock(mutex_);
    self.notified = false;
    read = self.wants_read && readable(self);
    write = self.wants_write && writable(end);
    if (read) self.wants_read = false;
    if (write) self.wants_write = false;
  }
  // Each call may close this end, which clears the handler; both run on the end's own thread.
  if (read && self.handler != nullptr) self.handler->on_readable();
  if (write && self.handler != nullptr) self.handler->on_writable();
}

MemoryStream::MemoryStream(std::shared_ptr<MemoryChannel> channel, MemoryChannel::End end,
                           Loop& loop, Address local, Address peer)
    : channel_(std::move(channel)), end_(end), local_(std::move(local)), peer_(std::move(peer)) {
  channel_->bind(end_, loop);
}

}  // namespace weft::net::internal
