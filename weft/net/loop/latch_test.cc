#include "weft/net/loop/latch.h"

#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "weft/net/sim/sim_loop.h"

namespace weft::net {
namespace {

using namespace std::chrono_literals;

TEST(Latch, RunsEveryFunctionOnceWhenItOpens) {
  Latch latch;
  std::vector<int> runs;
  latch.when_open([&] { runs.push_back(1); });
  latch.when_open([&] { runs.push_back(2); });
  EXPECT_TRUE(runs.empty());
  latch.open();
  latch.open();
  EXPECT_EQ(runs, (std::vector{1, 2}));
  latch.when_open([&] { runs.push_back(3); });
  EXPECT_EQ(runs, (std::vector{1, 2, 3}));
}

TEST(Latch, AThreadWaitsUntilItOpensOrForTheLimit) {
  Latch latch;
  EXPECT_FALSE(latch.wait(0s));
  EXPECT_FALSE(latch.wait(-1s));
  std::thread opener([&] { latch.open(); });
  EXPECT_TRUE(latch.wait(kForever));
  EXPECT_TRUE(latch.wait(0s));
  opener.join();
}

struct Waiting {
  explicit Waiting(Latch& latch, Loop& loop, Duration limit) : task(run(latch, loop, limit)) {
    task.start(nullptr, {});
  }
  Task<> run(Latch& latch, Loop& loop, Duration limit) {
    opened = co_await latch.wait(loop, limit);
  }
  std::optional<bool> opened;
  Task<> task;
};

TEST(Latch, ACoroutineWaitsUntilItOpensOrForTheLimit) {
  Latch latch;
  SimNetwork network(1);
  SimLoop& loop = network.host("a");
  Waiting brief(latch, loop, 1s);
  Waiting patient(latch, loop, 3s);
  network.run_for(2s);
  EXPECT_EQ(brief.opened, false);
  EXPECT_EQ(patient.opened, std::nullopt);
  latch.open();
  network.run_for(0s);
  EXPECT_EQ(patient.opened, true);
}

TEST(Latch, ACoroutineMayBeDestroyedWhileItWaits) {
  Latch latch;
  SimNetwork network(1);
  SimLoop& loop = network.host("a");
  auto waiting = std::make_unique<Waiting>(latch, loop, 1s);
  network.run_for(0s);
  waiting.reset();
  latch.open();
  network.run_for(2s);
}

TEST(Latch, OpensAfterALoopThatWaitedHasEnded) {
  Latch latch;
  {
    SimNetwork network(1);
    SimLoop& loop = network.host("a");
    const Waiting waiting(latch, loop, 1s);
    network.run_for(0s);
  }
  latch.open();
}

}  // namespace
}  // namespace weft::net
