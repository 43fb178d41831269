#include "weft/net/loop/internal/descriptor.h"

#include <unistd.h>

#include "weft/base/log.h"
#include "weft/net/socket/internal/socket_error.h"

namespace weft::net::internal {
namespace {

constexpr std::uint32_t kReadable = EPOLLIN | EPOLLRDHUP;
constexpr std::uint32_t kBroken = EPOLLERR | EPOLLHUP;

void log_unwatched(int error) {
  log(LogLevel::Error, "a file descriptor cannot be watched: " + error_text(error));
}

}  // namespace

Descriptor::Descriptor(AsioLoop& loop, int fd) : loop_(loop), fd_(fd) {
  const int error = loop_.watch(fd, kReadable, *this);
  if (error == 0) return;
  // As if closed: the first read or write tells the owner.
  fd_ = -1;
  ::close(fd);
  log_unwatched(error);
}

void Descriptor::want_read() noexcept {
  if (reading_ || fd_ < 0) return;
  reading_ = true;
  if (!will_report_) rearm();
}

void Descriptor::want_write() noexcept {
  if (writing_ || fd_ < 0) return;
  writing_ = true;
  rearm();
}

void Descriptor::rearm() noexcept {
  will_report_ = true;
  const std::uint32_t events = kReadable | (writing_ ? std::uint32_t{EPOLLOUT} : 0U);
  if (const int error = loop_.poller().rearm(fd_, events, *this); error != 0) fail(error);
}

void Descriptor::fail(int error) noexcept {
  log_unwatched(error);
  loop_.post([self = DescriptorRef(this)] { self->on_events(kBroken); });
}

void Descriptor::on_events(std::uint32_t events) noexcept {
  const DescriptorRef self(this);
  loop_.last_active_ = fd_;
  const bool readable = (events & (kReadable | kBroken)) != 0;
  const bool writable = (events & (EPOLLOUT | kBroken)) != 0;
  if (readable) will_report_ = false;
  if ((events & (EPOLLRDHUP | kBroken)) != 0) ended_ = true;
  // What the event is, an error or the end, the read or write that follows will say.
  if (readable && std::exchange(reading_, false)) tell(&StreamHandler::on_readable);
  if (writable && std::exchange(writing_, false)) tell(&StreamHandler::on_writable);
}

void Descriptor::tell(void (StreamHandler::*what)() noexcept) noexcept {
  if (handler_ != nullptr) loop_.enter([&] { (handler_->*what)(); });
}

void Descriptor::release() noexcept {
  if (fd_ < 0) return;
  loop_.unwatch(fd_, *this);
  fd_ = -1;
  handler_ = nullptr;
}

void Descriptor::close() noexcept {
  if (fd_ < 0) return;
  const int fd = fd_;
  release();
  ::close(fd);
}

}  // namespace weft::net::internal
