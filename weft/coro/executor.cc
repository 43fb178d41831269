#include "weft/coro/executor.h"

#include <cstdlib>

namespace weft {

void Executor::close_user_code() noexcept {
  std::uint64_t window = std::exchange(open_, 0);
  Executor& executor = *current_;
  // Who moves it from odd to even has the executor: this thread, or the one that took it over.
  if (!executor.window_.compare_exchange_strong(window, window + 1, std::memory_order_acquire,
                                                std::memory_order_relaxed)) [[unlikely]] {
    executor.rejoin();
  }
  if (deferred_ != nullptr) [[unlikely]]
    executor.post_deferred();
}

void Executor::post_deferred() noexcept {
  Runnable* newest = std::exchange(deferred_, nullptr);
  Runnable* oldest = nullptr;
  while (newest != nullptr) {
    Runnable* item = std::exchange(newest, newest->next);
    item->next = std::exchange(oldest, item);
  }
  while (oldest != nullptr) post(*std::exchange(oldest, oldest->next));
}

void Executor::rejoin() noexcept { std::abort(); }

}  // namespace weft
