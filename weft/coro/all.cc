#include "weft/coro/all.h"

namespace weft {

Task<> all(std::vector<Task<>> tasks) {
  Context* context = co_await current_context();
  coro::Countdown countdown;
  for (Task<>& task : tasks) coro::start_counted(task, context, countdown);
  co_await countdown;
  for (Task<>& task : tasks) task.take();
}

}  // namespace weft
