#include "weft/net/loop/timer.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include "weft/base/rng.h"

namespace weft::net {
namespace {

TimePoint at(int n) { return TimePoint(Duration(n)); }

struct Recording : Timer {
  explicit Recording(std::vector<int>& into, int number)
      : Timer([](Timer& timer) noexcept {
          auto& self = static_cast<Recording&>(timer);
          self.log.push_back(self.id);
        }),
        log(into),
        id(number) {}
  std::vector<int>& log;
  int id;
};

TEST(TimerQueue, ExpiresInOrderOfTimeAndThenOfArming) {
  TimerQueue queue;
  std::vector<int> log;
  Recording a(log, 1), b(log, 2), c(log, 3), d(log, 4);
  queue.arm(a, at(20));
  queue.arm(b, at(10));
  queue.arm(c, at(20));
  queue.arm(d, at(30));
  EXPECT_EQ(queue.next(), at(10));
  queue.expire(at(20));
  EXPECT_EQ(log, (std::vector{2, 1, 3}));
  EXPECT_EQ(queue.next(), at(30));
  EXPECT_FALSE(a.armed());
  EXPECT_TRUE(d.armed());
}

TEST(TimerQueue, MovesAnArmedTimer) {
  TimerQueue queue;
  std::vector<int> log;
  Recording a(log, 1);
  queue.arm(a, at(10));
  queue.arm(a, at(50));
  EXPECT_EQ(queue.size(), 1U);
  queue.expire(at(49));
  EXPECT_TRUE(log.empty());
  queue.expire(at(50));
  EXPECT_EQ(log, std::vector{1});
}

TEST(TimerQueue, ForgetsATimerThatIsDestroyedOrCancelled) {
  TimerQueue queue;
  std::vector<int> log;
  Recording a(log, 1);
  std::optional<Recording> b(std::in_place, log, 2);
  queue.arm(a, at(10));
  queue.arm(*b, at(10));
  b.reset();
  a.cancel();
  a.cancel();
  EXPECT_EQ(queue.size(), 0U);
  EXPECT_EQ(queue.next(), kNever);
  queue.expire(at(10));
  EXPECT_TRUE(log.empty());
}

TEST(TimerQueue, LetsItsTimersOutliveIt) {
  std::vector<int> log;
  Recording a(log, 1);
  {
    TimerQueue queue;
    queue.arm(a, at(10));
  }
  EXPECT_FALSE(a.armed());
}

TEST(TimerQueue, KeepsATimerArmedWhileExpiringForTheNextCall) {
  static TimerQueue* queue;
  static int count;
  TimerQueue owner;
  queue = &owner;
  count = 0;
  Timer again([](Timer& timer) noexcept {
    ++count;
    queue->arm(timer, at(0));
  });
  std::vector<int> log;
  Recording late(log, 1);
  owner.arm(again, at(5));
  owner.arm(late, at(6));
  owner.expire(at(10));
  EXPECT_EQ(count, 1);
  EXPECT_EQ(log, std::vector{1});
  owner.expire(at(11));
  EXPECT_EQ(count, 2);
}

TEST(TimerQueue, AgreesWithASortedListOnRandomOperations) {
  const std::uint64_t seed = 20240611;
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Rng rng(seed);
  TimerQueue queue;
  std::vector<int> log;
  std::vector<std::unique_ptr<Recording>> timers;
  for (int i = 0; i < 300; ++i) timers.push_back(std::make_unique<Recording>(log, i));
  int now = 0;
  for (int step = 0; step < 20000; ++step) {
    Recording& timer = *timers[rng.below(timers.size())];
    switch (rng.below(4)) {
      case 0:
        timer.cancel();
        break;
      case 1: {
        now += static_cast<int>(rng.below(3));
        std::vector<TimePoint> due;
        for (const auto& other : timers) {
          if (other->armed() && other->when() <= at(now)) due.push_back(other->when());
        }
        log.clear();
        queue.expire(at(now));
        ASSERT_EQ(log.size(), due.size());
        ASSERT_TRUE(std::is_sorted(log.begin(), log.end(), [&](int a, int b) {
          return timers[a]->when() < timers[b]->when();
        }));
        break;
      }
      default:
        queue.arm(timer, at(now + 1 + static_cast<int>(rng.below(200))));
    }
    TimePoint first = kNever;
    for (const auto& other : timers) {
      if (other->armed()) first = std::min(first, other->when());
    }
    ASSERT_EQ(queue.next(), first);
  }
}

}  // namespace
}  // namespace weft::net
