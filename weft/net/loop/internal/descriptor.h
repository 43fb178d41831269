#pragma once

#include <cstdint>
#include <utility>

#include "weft/net/loop/asio_loop.h"
#include "weft/net/loop/internal/poller.h"

namespace weft::net::internal {

class Descriptor;

/// Owns one reference to a Descriptor.
class DescriptorRef {
 public:
  DescriptorRef() noexcept = default;
  explicit DescriptorRef(Descriptor* descriptor) noexcept;
  DescriptorRef(const DescriptorRef& other) noexcept : DescriptorRef(other.descriptor_) {}
  DescriptorRef(DescriptorRef&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, nullptr)) {}
  DescriptorRef& operator=(DescriptorRef other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~DescriptorRef();
  Descriptor* get() const noexcept { return descriptor_; }
  Descriptor* operator->() const noexcept { return descriptor_; }
  explicit operator bool() const noexcept { return descriptor_ != nullptr; }

 private:
  Descriptor* descriptor_ = nullptr;
};

/// A file descriptor whose readiness a loop watches. Counted, without atomics, by its owner and
/// while it calls its handler, who may drop it. For the loop's thread.
class Descriptor final : private EventTarget {
 public:
  /// Takes over `fd`, which must be non-blocking.
  static DescriptorRef adopt(AsioLoop& loop, int fd) {
    return DescriptorRef(new Descriptor(loop, fd));
  }

  AsioLoop& loop() const noexcept { return loop_; }
  /// -1 once closed.
  int fd() const noexcept { return fd_; }
  void set_handler(StreamHandler* handler) noexcept { handler_ = handler; }
  void want_read() noexcept;
  void want_write() noexcept;
  /// For who has just read all there was, as a stream's short read says (epoll(7), question 9): the
  /// next want_read() is no system call then.
  void drained() noexcept { will_report_ = !ended_; }
  /// Closes; the handler is not called again.
  void close() noexcept;
  /// As close(), but leaves the file descriptor open: it belongs to someone else.
  void release() noexcept;

 private:
  friend class DescriptorRef;

  Descriptor(AsioLoop& loop, int fd);
  void on_events(std::uint32_t events) noexcept override;
  void rearm() noexcept;
  /// For a descriptor that somebody else has closed: its handler's next read or write will fail.
  void fail(int error) noexcept;
  void tell(void (StreamHandler::*what)() noexcept) noexcept;

  AsioLoop& loop_;
  StreamHandler* handler_ = nullptr;
  int fd_;
  std::uint32_t references_ = 0;
  bool reading_ = false;     // on_readable() is wanted
  bool writing_ = false;     // on_writable() is wanted
  bool will_report_ = true;  // what there will be to read is an event still to come
  bool ended_ = false;       // there is an end or an error to read, of which no event will come
};

inline DescriptorRef::DescriptorRef(Descriptor* descriptor) noexcept : descriptor_(descriptor) {
  if (descriptor_ != nullptr) ++descriptor_->references_;
}
inline DescriptorRef::~DescriptorRef() {
  if (descriptor_ != nullptr && --descriptor_->references_ == 0) delete descriptor_;
}

}  // namespace weft::net::internal
