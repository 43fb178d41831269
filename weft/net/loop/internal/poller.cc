#include "weft/net/loop/internal/poller.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <initializer_list>
#include <system_error>

#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "weft/net/loop/internal/system_call.h"

namespace weft::net::internal {
namespace {

void close_all(std::initializer_list<int> descriptors) noexcept {
  for (const int fd : descriptors) {
    if (fd >= 0) ::close(fd);
  }
}

}  // namespace

Poller::Poller(EventTarget& timer)
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)) {
  // Neither is ever read: a write, or an expiry, is an edge in any case.
  epoll_event woken{.events = EPOLLIN | EPOLLET, .data = {.ptr = nullptr}};
  epoll_event expired{.events = EPOLLIN | EPOLLET, .data = {.ptr = &timer}};
  if (epoll_ >= 0 && wake_ >= 0 && timer_ >= 0 &&
      ::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &woken) == 0 &&
      ::epoll_ctl(epoll_, EPOLL_CTL_ADD, timer_, &expired) == 0) {
    return;
  }
  const int error = errno;
  close_all({epoll_, wake_, timer_});
  throw std::system_error(error, std::generic_category(), "an event loop cannot be made");
}

Poller::~Poller() { close_all({epoll_, wake_, timer_}); }

int Poller::add(int fd, std::uint32_t events, EventTarget& target) noexcept {
  epoll_event event{.events = events | EPOLLET, .data = {.ptr = &target}};
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) return errno;
  ++watched_;
  return 0;
}

int Poller::rearm(int fd, std::uint32_t events, EventTarget& target) noexcept {
  epoll_event event{.events = events | EPOLLET, .data = {.ptr = &target}};
  return ::epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &event) == 0 ? 0 : errno;
}

void Poller::remove(int fd, EventTarget& target) noexcept {
  // Closing alone would not do where a child process has inherited the descriptor.
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
  --watched_;
  for (std::size_t i = next_; i < count_; ++i) {
    if (events_[i].data.ptr == &target) events_[i].data.ptr = nullptr;
  }
}

void Poller::set_timer(TimePoint when) noexcept {
  // Zero would turn it off.
  const auto since_boot = std::max<Duration>(when.time_since_epoch(), std::chrono::nanoseconds(1));
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since_boot);
  const auto rest = std::chrono::duration_cast<std::chrono::nanoseconds>(since_boot - seconds);
  const itimerspec spec{.it_interval = {},
                        .it_value = {.tv_sec = seconds.count(), .tv_nsec = rest.count()}};
  ::timerfd_settime(timer_, TFD_TIMER_ABSTIME, &spec, nullptr);
}

void Poller::wake() noexcept {
  const std::uint64_t one = 1;
  // EAGAIN would mean 2^64 - 2 wakes that nobody has read; each of them was an edge.
  static_cast<void>(::write(wake_, &one, sizeof(one)));
}

bool Poller::fetch(Block block) noexcept {
  if (!empty()) return true;
  const int count = internal::epoll_wait(epoll_, events_.data(), static_cast<int>(events_.size()),
                                         block == Block::Yes ? -1 : 0);
  next_ = 0;
  // A signal's handler may have run: there is nothing to report then.
  count_ = static_cast<std::size_t>(std::max(count, 0));
  return count_ != 0;
}

bool Poller::dispatch() noexcept {
  while (next_ < count_) {
    const epoll_event event = events_[next_++];
    auto* const target = static_cast<EventTarget*>(event.data.ptr);
    if (target == nullptr) continue;
    target->on_events(event.events);
    return true;
  }
  return false;
}

}  // namespace weft::net::internal
