#include "weft/rpc/server/internal/stop_signals.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <mutex>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "weft/base/fork_mutex.h"

namespace weft::rpc {
namespace {

constexpr std::array<int, 2> kSignals = {SIGTERM, SIGINT};

// Several servers may run at the same time, and one signal is for all of them: the event is never
// taken from the descriptor, so that everybody sees it.
constinit NeverDestroyed<ForkMutex> mutex;
int users = 0;
std::array<struct sigaction, kSignals.size()> replaced;
std::atomic<int> event{-1};
std::atomic<int> received{0};
static_assert(std::atomic<int>::is_always_lock_free);

// Async-signal-safe: signal-safety(7) names all that is called.
void on_signal(int signal) {
  const int saved = errno;
  for (const int each : kSignals) std::signal(each, SIG_DFL);
  received.store(signal, std::memory_order_relaxed);
  const std::uint64_t one = 1;
  static_cast<void>(!::write(event.load(std::memory_order_relaxed), &one, sizeof(one)));
  errno = saved;
}

sigset_t stop_signals() noexcept {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : kSignals) sigaddset(&set, signal);
  return set;
}

Status cannot_watch() {
  return resource_exhausted("cannot watch for signals: " + std::system_category().message(errno));
}

void install() noexcept {
  struct sigaction action {};
  action.sa_handler = &on_signal;
  action.sa_mask = stop_signals();
  // What a program of its own waits for in a system call is not to be disturbed.
  action.sa_flags = SA_RESTART;
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    ::sigaction(kSignals[i], nullptr, &replaced[i]);
    if (replaced[i].sa_handler != SIG_IGN) ::sigaction(kSignals[i], &action, nullptr);
  }
}

void give_back() noexcept {
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    ::sigaction(kSignals[i], &replaced[i], nullptr);
  }
  ::close(event.exchange(-1));
}

/// A signal to a child of fork() is not to stop the parent's servers, which hear of it by the same
/// descriptor.
[[maybe_unused]] const bool forgotten_in_children = call_in_forked_child([]() noexcept {
  if (std::exchange(users, 0) != 0) give_back();
});

}  // namespace

StopSignals::StopSignals() noexcept {
  const sigset_t set = stop_signals();
  pthread_sigmask(SIG_BLOCK, &set, &before_);
  const std::lock_guard lock(mutex.object);
  wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_ < 0) {
    status_ = cannot_watch();
    return;
  }
  if (users == 0) {
    const int made = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (made < 0) {
      status_ = cannot_watch();
      return;
    }
    event = made;
    received = 0;
    install();
  }
  ++users;
}

StopSignals::~StopSignals() {
  const std::lock_guard lock(mutex.object);
  if (status_.ok() && --users == 0) give_back();
  if (wake_ >= 0) ::close(wake_);
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void StopSignals::unblock() noexcept {
  const sigset_t set = stop_signals();
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

int StopSignals::wait() const noexcept {
  std::array<pollfd, 2> entries = {pollfd{.fd = event, .events = POLLIN, .revents = 0},
                                   pollfd{.fd = wake_, .events = POLLIN, .revents = 0}};
  while (::poll(entries.data(), entries.size(), -1) < 0 && errno == EINTR) {
  }
  return entries[0].revents != 0 ? received.load() : 0;
}

void StopSignals::wake() noexcept {
  const std::uint64_t one = 1;
  static_cast<void>(!::write(wake_, &one, sizeof(one)));
}

}  // namespace weft::rpc
