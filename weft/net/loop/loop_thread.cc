#include "weft/net/loop/loop_thread.h"

#include <algorithm>
#include <mutex>
#include <string_view>

#include <pthread.h>

#include "weft/base/fork_mutex.h"
#include "weft/base/log.h"
#include "weft/net/loop/asio_loop.h"
#include "weft/net/loop/latch.h"

namespace weft::net {
namespace {

constexpr std::size_t kThreadNameLimit = 15;

std::atomic<std::size_t> default_count{1};
std::atomic<bool> default_started{false};
// Never destroyed, for objects that live until the process ends may use it.
std::atomic<LoopPool*> default_pool{nullptr};
constinit NeverDestroyed<ForkMutex> default_mutex;
LoopOptions default_options;  // with default_mutex

/// A child of fork() has none of its parent's threads, so it gets loops of its own when it needs
/// them; the parent's, which it has a copy of, stand still.
[[maybe_unused]] const bool forgotten_in_children =
    call_in_forked_child([]() noexcept { default_pool = nullptr; });

/// False.
bool too_late(std::string_view function) {
  log(LogLevel::Warn, std::string(function) +
                          " came after the first use of the default loops, and changes nothing");
  return false;
}

}  // namespace

LoopThread::LoopThread(const std::string& name, const LoopOptions& options)
    : loop_(std::make_unique<AsioLoop>(options)), ended_(std::make_shared<Latch>()) {
  thread_ = std::thread([loop = loop_.get(), ended = ended_] {
    loop->run();
    ended->open();
  });
  pthread_setname_np(thread_.native_handle(), name.substr(0, kThreadNameLimit).c_str());
}

LoopThread::~LoopThread() {
  if (!thread_.joinable()) return;
  loop_->stop();
  thread_.join();
}

bool LoopThread::end(Duration limit) {
  loop_->stop();
  const bool ended = ended_->wait(limit);
  if (ended) {
    thread_.join();
  } else {
    thread_.detach();
    static_cast<void>(loop_.release());
  }
  return ended;
}

LoopPool::LoopPool(std::size_t size, const std::string& name, const LoopOptions& options) {
  for (std::size_t i = 0; i < std::max<std::size_t>(size, 1); ++i) {
    threads_.push_back(std::make_unique<LoopThread>(name + "-" + std::to_string(i), options));
  }
}

bool set_default_loop_count(std::size_t count) {
  if (default_started.load()) return too_late("set_default_loop_count()");
  default_count = std::max<std::size_t>(count, 1);
  return true;
}

bool set_default_loop_options(const LoopOptions& options) {
  const std::lock_guard lock(default_mutex.object);
  if (default_started.load()) return too_late("set_default_loop_options()");
  default_options = options;
  return true;
}

LoopPool& default_loops() {
  if (LoopPool* const there = default_pool.load(std::memory_order_acquire)) return *there;
  const std::lock_guard lock(default_mutex.object);
  if (LoopPool* const there = default_pool.load(std::memory_order_relaxed)) return *there;
  default_started = true;
  auto* const made = new LoopPool(default_count, "weft-loop", default_options);
  default_pool.store(made, std::memory_order_release);
  return *made;
}

}  // namespace weft::net
