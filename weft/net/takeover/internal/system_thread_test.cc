#include "weft/net/takeover/internal/system_thread.h"

#include <atomic>
#include <future>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "weft/net/takeover/internal/test_threads.h"

namespace weft::net::internal {
namespace {

TEST(SystemThread, KnowsItsNumber) {
  EXPECT_EQ(this_thread().number, ::gettid());
  pid_t other = 0;
  std::thread([&] { other = this_thread().number; }).join();
  EXPECT_NE(other, this_thread().number);
}

TEST(SystemThread, OfNobodyHasNoCore) { EXPECT_EQ(SystemThread{}.core(), std::nullopt); }

TEST(SystemThread, WithoutItsNumberSetUpHasNoCore) {
  const volatile std::uint32_t registration_failed = static_cast<std::uint32_t>(-2);
  EXPECT_EQ((SystemThread{1, &registration_failed}.core()), std::nullopt);
}

/// A thread that computes until this ends.
class Busy {
 public:
  Busy() {
    std::promise<SystemThread> began;
    thread_ = std::thread([this, &began] {
      began.set_value(this_thread());
      while (!ended_.load(std::memory_order_relaxed)) {
      }
    });
    known_ = began.get_future().get();
  }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;
  ~Busy() {
    ended_.store(true);
    thread_.join();
  }
  const SystemThread& known() const { return known_; }

 private:
  std::atomic<bool> ended_{false};
  std::thread thread_;
  SystemThread known_;
};

TEST(SystemThread, GoesWhereItIsSentAndStaysFree) {
  SKIP_WITH_ONE_CORE();
  SKIP_WITHOUT_CORE_NUMBERS();
  const Busy busy;
  const std::vector<std::uint32_t> before = cores_of(busy.known().number);
  for (int round = 0; round < 10; ++round) {
    for (const std::uint32_t core : before) {
      // It is free to leave again, so it may have done that before it is looked at.
      do {
        busy.known().go_to(core);
      } while (busy.known().core() != core);
      EXPECT_EQ(cores_of(busy.known().number), before);
    }
  }
}

TEST(SystemThread, StaysWhereItMayRun) {
  SKIP_WITH_ONE_CORE();
  const Busy busy;
  const std::vector<std::uint32_t> cores = cores_of(0);
  EXPECT_TRUE(busy.known().may_run_on(cores.back()));
  EXPECT_FALSE(busy.known().may_run_on(CPU_SETSIZE - 1));
  busy.known().go_to(CPU_SETSIZE - 1);
  EXPECT_EQ(cores_of(busy.known().number), cores);
  CoreStay stay(busy.known().number);
  stay.keep_to(cores.front());
  EXPECT_FALSE(busy.known().may_run_on(cores.back()));
}

TEST(CoreStay, IsOnThatCoreUntilItEnds) {
  SKIP_WITH_ONE_CORE();
  SKIP_WITHOUT_CORE_NUMBERS();
  std::thread([] {
    const SystemThread self = this_thread();
    const std::vector<std::uint32_t> before = cores_of(0);
    {
      CoreStay stay(self.number);
      for (const std::uint32_t core : before) {
        stay.keep_to(core);
        EXPECT_EQ(cores_of(0), std::vector{core});
        EXPECT_EQ(self.core(), core);
      }
      stay.keep_to(std::nullopt);
      EXPECT_EQ(cores_of(0), before);
      stay.keep_to(before.front());
    }
    EXPECT_EQ(cores_of(0), before);
  }).join();
}

TEST(CoreStay, OnACoreThatIsNotThereDoesNothing) {
  std::thread([] {
    const std::vector<std::uint32_t> before = cores_of(0);
    CoreStay stay(0);
    stay.keep_to(CPU_SETSIZE - 1);
    EXPECT_EQ(cores_of(0), before);
    stay.keep_to(std::nullopt);
    EXPECT_EQ(cores_of(0), before);
  }).join();
}

}  // namespace
}  // namespace weft::net::internal
