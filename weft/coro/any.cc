#include "weft/coro/any.h"

#include "weft/base/fatal.h"
#include "weft/base/status.h"

namespace weft {

void coro::Race::ended(void* argument) noexcept {
  const Runner runner = *static_cast<Runner*>(argument);
  Race& race = *runner.race;
  if (race.winner_ == kNobody) {
    race.winner_ = runner.index;
    race.context_.cancel(cancelled("another task of any() was first"));
  }
  race.countdown_.subtract();
}

void coro::any_of_nothing() noexcept { fatal("weft::any of no tasks: it would never end"); }

Task<std::size_t> any(std::vector<Task<>> tasks) {
  if (tasks.empty()) coro::any_of_nothing();
  Context* context = co_await current_context();
  coro::Countdown countdown;
  coro::Race race(context, countdown);
  std::vector<coro::Race::Runner> runners(tasks.size());
  for (std::size_t i = 0; i < tasks.size(); ++i) race.start(tasks[i], runners[i], i);
  co_await countdown;
  tasks[race.winner()].take();
  co_return race.winner();
}

}  // namespace weft
