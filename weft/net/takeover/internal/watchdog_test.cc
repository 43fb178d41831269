#include "weft/net/takeover/internal/watchdog.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "weft/net/loop/internal/test_io.h"
#include "weft/net/loop/loop_thread.h"
#include "weft/net/takeover/internal/test_threads.h"

namespace weft::net::internal {
namespace {

using namespace std::chrono_literals;

std::vector<pid_t> threads_of_this_process() {
  std::vector<pid_t> threads;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    threads.push_back(static_cast<pid_t>(std::atoi(entry.path().filename().c_str())));
  }
  return threads;
}

/// How many of the process's threads are kept to this core alone.
auto kept_to(std::uint32_t core) {
  return std::ranges::count_if(threads_of_this_process(), [core](const pid_t thread) {
    return cores_of(thread) == std::vector{core};
  });
}

/// The watchdog's threads, and those that they start, may run on these cores only.
void let_watch_run_on(const std::vector<std::uint32_t>& cores) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const std::uint32_t core : cores) CPU_SET(core, &set);
  for (const pid_t thread : threads_of_this_process()) {
    std::ifstream name("/proc/self/task/" + std::to_string(thread) + "/comm");
    std::string text;
    if (std::getline(name, text) && text == "weft-watch") {
      ::sched_setaffinity(thread, sizeof set, &set);
    }
  }
}

TEST(Watchdog, WatchesOnTheCoreOfASlowHandler) {
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

/// Both ends of a connection on one loop.
struct OwnConnection {
  test::Accepting accepting;
  std::unique_ptr<Stream> here, there;
};

Task<Status> connect(OwnConnection& made) {
  const Result<Address> address = made.accepting.start(*Loop::current(), test::loopback());
  if (!address) co_return address.status();
  Result<std::unique_ptr<Stream>> connected = co_await Loop::current()->connect(*address);
  if (!connected) co_return connected.status();
  made.here = std::move(connected).value();
  made.there = co_await made.accepting.next();
  co_return ok_status();
}

/// The peer of the loop is heard on this core.
Task<Status> hear_on(std::uint32_t core, OwnConnection& on) {
  CoreStay stay(this_thread().number);
  stay.keep_to(core);
  const Status sent = co_await test::write_all(*on.here, "x");
  if (!sent.ok()) co_return sent;
  co_return (co_await test::read_exactly(*on.there, 1)).status();
}

Task<void> close(OwnConnection& connection) {
  connection.here.reset();
  connection.there.reset();
  connection.accepting.listener.reset();
  co_return;
}

/// User code that computes on one core until it is found on another, or for a while.
struct ComputeOn : Runnable {
  explicit ComputeOn(std::uint32_t where) : Runnable(&ComputeOn::compute), core(where) {}
  static void compute(Runnable& item) noexcept {
    auto& self = static_cast<ComputeOn&>(item);
    const SystemThread thread = this_thread();
    {
      const UserCode user_code;
      thread.go_to(self.core);
      const auto end = std::chrono::steady_clock::now() + 5ms;
      while (thread.core() == self.core && std::chrono::steady_clock::now() < end) {
      }
      self.was_sent_away = thread.core() != self.core;
    }
    self.cores = cores_of(0);
    self.ended.set_value();
  }
  const std::uint32_t core;
  bool was_sent_away = false;
  std::vector<std::uint32_t> cores;  // where its thread may run afterwards
  std::promise<void> ended;
};

Duration cpu_time_of_this_thread() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

/// Whether this thread gets a core at once and, but for the watch's looks, all of it for a while.
bool is_free(std::uint32_t core) {
  const auto begun = std::chrono::steady_clock::now();
  const Duration had = cpu_time_of_this_thread();
  CoreStay stay(this_thread().number);
  stay.keep_to(core);
  while (std::chrono::steady_clock::now() - begun < 2ms) {
  }
  const Duration passed = std::chrono::steady_clock::now() - begun;
  return (cpu_time_of_this_thread() - had) * 10 > passed * 7;
}

TEST(Watchdog, MovesASlowHandlerOffItsLoopsCore) {
  SKIP_WITH_ONE_CORE();
  SKIP_WITHOUT_CORE_NUMBERS();
  SKIP_WITHOUT_SLICES();
  const std::vector<std::uint32_t> cores = cores_of(0);
  OwnConnection connection;
  LoopThread own("taken-over", {.handler_bound = 100us});
  ASSERT_TRUE(run_blocking(own.loop(), connect(connection)).ok());
  // A watch on the very core of the handler would know of no better one.
  let_watch_run_on({cores.back()});
  // The system moves threads too, but seldom so soon. Where somebody else keeps the other core
  // busy, it brings the handler back, and is right.
  int sent_away = 0;
  int undisturbed = 0;
  for (int round = 0; round < 100 && sent_away < 10; ++round) {
    const bool free_before = is_free(cores.back());
    ASSERT_TRUE(run_blocking(own.loop(), hear_on(cores.front(), connection)).ok());
    ComputeOn slow(cores.front());
    own.loop().post(slow);
    slow.ended.get_future().wait();
    sent_away += slow.was_sent_away ? 1 : 0;
    EXPECT_EQ(slow.cores, cores);
    undisturbed += free_before && is_free(cores.back()) ? 1 : 0;
  }
  let_watch_run_on(cores);
  run_blocking(own.loop(), close(connection));
  if (sent_away < 10 && undisturbed < 50) {
    GTEST_SKIP() << "other processes keep this machine's cores busy; run this test alone";
  }
  EXPECT_EQ(sent_away, 10);
}

}  // namespace
}  // namespace weft::net::internal
