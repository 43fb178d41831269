#include "weft/net/loop/internal/hold_watch.h"

#include <functional>
#include <future>
#include <mutex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "weft/base/log.h"
#include "weft/net/loop/loop_thread.h"
#include "weft/net/loop/serving.h"

namespace weft::net::internal {
namespace {

using namespace std::chrono_literals;

/// Keeps log lines, and waits for the first of them that tells of a hold.
class Log {
 public:
  Log() {
    set_log_sink([this](LogLevel, std::string_view line) {
      const std::lock_guard lock(mutex_);
      lines_.emplace_back(line);
      if (!line.ends_with("slow-handlers.md)")) return;
      if (at_hold) at_hold();
      if (++holds_ == 1) first_.set_value(lines_.back());
    });
  }
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;
  ~Log() { set_log_sink({}); }
  std::string first_hold() { return first_.get_future().get(); }
  int holds() {
    const std::lock_guard lock(mutex_);
    return holds_;
  }

  std::function<void()> at_hold;  // set before anything is watched

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
  std::promise<std::string> first_;
  int holds_ = 0;
};

constexpr std::string_view kPath = "/pkg.Service/Method";

/// Holds the loop until `end`.
void hold(Loop& loop, const std::string_view* path, std::promise<void>& end) {
  loop.post([&loop, path, ended = end.get_future()] {
    const Context context;
    const Serving serving(loop, path, context);
    ended.wait();
  });
}

TEST(HoldWatch, SaysOnceWhichHandlerHoldsALoop) {
  Log log;
  LoopThread thread;
  HoldWatch watch(20ms, 1ms);
  watch.add(thread.loop());
  for (int i = 0; i < 2; ++i) {
    std::promise<void> end;
    hold(thread.loop(), &kPath, end);
    if (i == 0) {
      const std::string line = log.first_hold();
      EXPECT_EQ(line.find("/pkg.Service/Method has held the thread of its loop for more than 20ms"),
                0U)
          << line;
    }
    end.set_value();
  }
  watch.remove(thread.loop());
  EXPECT_EQ(log.holds(), 1);
}

TEST(HoldWatch, SaysThatSomethingElseHoldsALoop) {
  Log log;
  LoopThread thread;
  HoldWatch watch(20ms, 1ms);
  watch.add(thread.loop());
  std::promise<void> end;
  hold(thread.loop(), nullptr, end);
  EXPECT_NE(log.first_hold().find("something other than the beginning of a handler"),
            std::string::npos);
  end.set_value();
  watch.remove(thread.loop());
}

TEST(HoldWatch, LosesALoopWhileItsLineIsWritten) {
  Log log;
  LoopThread thread;
  HoldWatch watch(20ms, 1ms);
  log.at_hold = [&] { watch.remove(thread.loop()); };
  watch.add(thread.loop());
  std::promise<void> end;
  hold(thread.loop(), &kPath, end);
  log.first_hold();
  end.set_value();
}

TEST(LoopThread, LeavesAThreadBehindThatIsBlocked) {
  std::promise<void> began;
  // Never kept: a thread that goes on would leave a loop behind that nothing refers to.
  static auto* const never = new std::promise<void>;
  auto thread = std::make_unique<LoopThread>();
  thread->loop().post([&began, wait = never->get_future()] {
    began.set_value();
    wait.wait();
  });
  began.get_future().wait();
  EXPECT_FALSE(thread->end(1ms));
  thread.reset();
}

TEST(LoopThread, EndsAThreadThatIsNotBlocked) {
  LoopThread thread;
  EXPECT_TRUE(thread.end(20s));
}

/// A loop on which a handler blocks, and which another thread has taken over by now.
class TakenOver {
 public:
  TakenOver() {
    loop().post([this] {
      const Context context;
      const UserCode user_code;
      const Serving serving(loop(), &kPath, context);
      returns_.get_future().wait();
    });
    std::promise<void> ran;
    loop().post([&ran] { ran.set_value(); });
    ran.get_future().wait();
  }
  TakenOver(const TakenOver&) = delete;
  TakenOver& operator=(const TakenOver&) = delete;
  /// The handler ends.
  void end() { returns_.set_value(); }
  Loop& loop() { return thread_.loop(); }

 private:
  std::promise<void> returns_;
  LoopThread thread_{"taken-over", LoopOptions{.handler_bound = 100us}};
};

constexpr std::string_view kOther = "/pkg.Service/Other";

TEST(HoldWatch, DoesNotNameAHandlerWhoseLoopWasTakenOver) {
  Log log;
  TakenOver taken;
  HoldWatch watch(20ms, 1ms);
  watch.add(taken.loop());
  std::promise<void> end;
  taken.loop().post([ended = end.get_future()] { ended.wait(); });
  EXPECT_EQ(log.first_hold().find("something other than the beginning of a handler"), 0U);
  end.set_value();
  taken.end();
  watch.remove(taken.loop());
}

TEST(HoldWatch, NamesTheHandlerThatHoldsALoopWhileAnotherEnds) {
  Log log;
  TakenOver taken;
  HoldWatch watch(20ms, 1ms);
  std::promise<void> began, end;
  taken.loop().post([&, ended = end.get_future()] {
    const Context context;
    const Serving serving(taken.loop(), &kOther, context);
    began.set_value();
    ended.wait();
  });
  began.get_future().wait();
  taken.end();
  watch.add(taken.loop());
  EXPECT_EQ(log.first_hold().find(kOther), 0U);
  end.set_value();
  watch.remove(taken.loop());
}

}  // namespace
}  // namespace weft::net::internal
