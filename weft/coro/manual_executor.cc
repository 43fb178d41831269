#include "weft/coro/manual_executor.h"

#include "weft/base/fatal.h"

namespace weft {

void ManualExecutor::post(Runnable& item) noexcept {
  const std::lock_guard lock(mutex_);
  posted_.push(item);
}

bool ManualExecutor::run_one() noexcept {
  Runnable* item = ready_.pop();
  if (item == nullptr) return false;
  item->run(*item);
  return true;
}

void ManualExecutor::run_until_idle() noexcept {
  do {
    while (run_one()) {
    }
    const std::lock_guard lock(mutex_);
    ready_.splice_back(posted_);
  } while (!ready_.empty());
}

void ManualExecutor::still_waiting() noexcept {
  fatal("ManualExecutor::run: the task still waits, and nothing is left to run");
}

}  // namespace weft
