#include "weft/net/internal/descriptor.h"

#include <boost/system/error_code.hpp>
#include <unistd.h>

#include "weft/base/log.h"
#include "weft/net/internal/socket_error.h"

namespace weft::net::internal {

struct Descriptor::ReadyHandler {
  using allocator_type = HandlerAllocator<std::byte>;
  allocator_type get_allocator() const noexcept { return allocator_type(*direction->memory); }
  void operator()(const boost::system::error_code&) const noexcept {
    descriptor->become_ready(*direction);
  }
  DescriptorRef descriptor;
  Direction* direction;
};

Descriptor::Descriptor(AsioLoop& loop, int fd)
    : loop_(loop), watch_(loop.context().get_executor()), fd_(fd) {
  boost::system::error_code error;
  watch_.assign(fd, error);
  if (!error) return;
  // As if closed: the first read or write tells the owner.
  fd_ = -1;
  ::close(fd);
  log(LogLevel::Error, "a file descriptor cannot be watched: " + error_text(error.value()));
}

void Descriptor::want_write() noexcept {
  if (write_memory_ == nullptr) {
    write_memory_ = std::make_unique<HandlerMemory>();
    write_.memory = write_memory_.get();
  }
  wait(write_);
}

void Descriptor::wait(Direction& direction) noexcept {
  if (direction.waiting || fd_ < 0) return;
  direction.waiting = true;
  watch_.async_wait(direction.type, ReadyHandler{DescriptorRef(this), &direction});
}

void Descriptor::become_ready(Direction& direction) noexcept {
  direction.waiting = false;
  // What a wait reports, an error or the descriptor's end, the read or write that follows will say.
  if (fd_ < 0 || handler_ == nullptr) return;
  loop_.enter([&] {
    if (&direction == &read_) {
      handler_->on_readable();
    } else {
      handler_->on_writable();
    }
  });
}

void Descriptor::close() noexcept {
  if (fd_ < 0) return;
  fd_ = -1;
  handler_ = nullptr;
  boost::system::error_code ignored;
  watch_.close(ignored);
}

void Descriptor::release() noexcept {
  if (fd_ < 0) return;
  fd_ = -1;
  handler_ = nullptr;
  watch_.release();
}

}  // namespace weft::net::internal
