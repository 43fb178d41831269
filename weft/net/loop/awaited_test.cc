#include "weft/net/loop/awaited.h"

#include <optional>

#include <gtest/gtest.h>

#include "weft/coro/task.h"
#include "weft/net/sim/sim_loop.h"

namespace weft::net {
namespace {

Task<Status> await_at(Loop& loop, Wait*& place) {
  Wait wait(loop);
  const Awaited awaited(place, wait);
  co_return co_await wait;
}

class AwaitedTest : public testing::Test {
 protected:
  void start() {
    loop.enter([&] {
      task.emplace(await_at(loop, place));
      task->start(nullptr, {[](void*) noexcept {}, nullptr});
    });
  }

  SimNetwork network{1};
  SimLoop& loop = network.host("here");
  Wait* place = nullptr;
  std::optional<Task<Status>> task;
};

TEST_F(AwaitedTest, IsThereUntilTheWaitIsOver) {
  start();
  ASSERT_NE(place, nullptr);
  loop.enter([&] { place->complete(); });
  network.run_until_idle(std::chrono::seconds(1));
  EXPECT_TRUE(task->done());
  EXPECT_EQ(place, nullptr);
}

TEST_F(AwaitedTest, IsForgottenWithItsCoroutine) {
  start();
  ASSERT_NE(place, nullptr);
  loop.enter([&] { task.reset(); });
  EXPECT_EQ(place, nullptr);
}

}  // namespace
}  // namespace weft::net
