#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include "weft/net/asio_loop.h"
#include "weft/net/internal/handler_memory.h"

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

/// A file descriptor whose readiness a loop watches. Counted, without atomics, by its owner and by
/// the waits under way: it holds the memory of their handlers, so it lives until the last of them
/// has come back, long closed perhaps. For the loop's thread.
class Descriptor {
 public:
  /// Takes over `fd`, which must be non-blocking.
  static DescriptorRef adopt(AsioLoop& loop, int fd) {
    return DescriptorRef(new Descriptor(loop, fd));
  }

  AsioLoop& loop() const noexcept { return loop_; }
  /// -1 once closed.
  int fd() const noexcept { return fd_; }
  void set_handler(StreamHandler* handler) noexcept { handler_ = handler; }
  void want_read() noexcept { wait(read_); }
  void want_write() noexcept;
  /// Closes; the handler is not called again.
  void close() noexcept;
  /// As close(), but leaves the file descriptor open: it belongs to someone else.
  void release() noexcept;

 private:
  friend class DescriptorRef;
  using WaitType = boost::asio::posix::descriptor_base::wait_type;
  /// Of the waits of one kind: there is always one to read, as a rule, and seldom one to write.
  struct Direction {
    WaitType type;
    bool waiting = false;
    HandlerMemory* memory = nullptr;
  };
  struct ReadyHandler;

  Descriptor(AsioLoop& loop, int fd);
  void wait(Direction& direction) noexcept;
  void become_ready(Direction& direction) noexcept;

  AsioLoop& loop_;
  StreamHandler* handler_ = nullptr;
  boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type> watch_;
  int fd_;
  std::uint32_t references_ = 0;
  Direction read_{.type = WaitType::wait_read, .memory = &read_memory_};
  Direction write_{.type = WaitType::wait_write};
  HandlerMemory read_memory_;
  std::unique_ptr<HandlerMemory> write_memory_;  // made for the first wait
};

inline DescriptorRef::DescriptorRef(Descriptor* descriptor) noexcept : descriptor_(descriptor) {
  if (descriptor_ != nullptr) ++descriptor_->references_;
}
inline DescriptorRef::~DescriptorRef() {
  if (descriptor_ != nullptr && --descriptor_->references_ == 0) delete descriptor_;
}

}  // namespace weft::net::internal
