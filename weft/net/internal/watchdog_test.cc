#include "weft/net/internal/watchdog.h"

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include <gtest/gtest.h>

#include "weft/net/internal/test_threads.h"
#include "weft/net/loop_thread.h"

namespace weft::net::internal {
namespace {

using namespace std::chrono_literals;

/// How many of the process's threads are kept to this core alone.
int kept_to(std::uint32_t core) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    const auto thread = static_cast<pid_t>(std::atoi(entry.path().filename().c_str()));
    count += cores_of(thread) == std::vector{core} ? 1 : 0;
  }
  return count;
}

TEST(Watchdog, KeepsWatchOnTheCoreOfASlowHandlerForAsLongAsItIsOut) {
  SKIP_WITH_ONE_CORE();
  SKIP_WITHOUT_CORE_NUMBERS();
  SKIP_WITHOUT_SLICES();
  LoopThread own("taken-over", {.handler_bound = 100us});
  for (int round = 0; round < 3; ++round) {
    SlowWork slow;
    own.loop().post(slow);
    const std::uint32_t core = slow.began.get_future().get().core().value();
    // Turns of the loop, so that the watch has something to look at.
    do {
      await_turn(own.loop());
    } while (kept_to(core) == 0);
    slow.end.set_value();
    slow.ended.get_future().wait();
    do {
      await_turn(own.loop());
    } while (kept_to(core) != 0);
  }
}

}  // namespace
}  // namespace weft::net::internal
