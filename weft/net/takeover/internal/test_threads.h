#pragma once

#include <cstdint>
#include <future>
#include <thread>
#include <vector>

#include <sched.h>

#include "weft/coro/executor.h"
#include "weft/net/loop/loop.h"
#include "weft/net/takeover/internal/system_thread.h"
#include "weft/net/takeover/internal/time_slice.h"

namespace weft::net::internal {

/// Where the thread may run.
inline std::vector<std::uint32_t> cores_of(pid_t thread) {
  cpu_set_t set;
  std::vector<std::uint32_t> cores;
  if (::sched_getaffinity(thread, sizeof set, &set) != 0) return cores;
  for (std::uint32_t core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(core, &set)) cores.push_back(core);
  }
  return cores;
}

#define SKIP_WITH_ONE_CORE() \
  if (cores_of(0).size() < 2) GTEST_SKIP() << "this process may use one core only"
#define SKIP_WITHOUT_CORE_NUMBERS() \
  if (!this_thread().core()) GTEST_SKIP() << "this system does not tell which core a thread is on"

/// Reads it without changing it, where the system lets threads choose; else zero.
inline Duration slice_of(pid_t thread) {
  const Duration slice = change_slice(thread, kPatientSlice);
  return slice == Duration::zero() || change_slice(thread, slice) != kPatientSlice
             ? Duration::zero()
             : slice;
}

inline bool slices_can_be_chosen() {
  Duration found{};
  std::thread([&] { found = slice_of(this_thread().number); }).join();
  return found != Duration::zero();
}

#define SKIP_WITHOUT_SLICES() \
  if (!slices_can_be_chosen()) GTEST_SKIP() << "this system does not let threads choose a slice"

/// User code on a loop that takes until the test says so, or while another thread runs the loop.
struct SlowWork : Runnable {
  SlowWork() : Runnable(&SlowWork::work) {}
  static void work(Runnable& item) noexcept {
    auto& self = static_cast<SlowWork&>(item);
    {
      const UserCode user_code;
      self.began.set_value(this_thread());
      self.end.get_future().wait();
    }
    self.slice_after = slice_of(this_thread().number);
    self.ended.set_value();
  }
  std::promise<SystemThread> began;
  std::promise<void> end, ended;
  Duration slice_after{};
};

/// Returns when the loop has run something, so another thread has it.
inline void await_turn(Loop& loop) {
  std::promise<void> ran;
  loop.post([&ran] { ran.set_value(); });
  ran.get_future().wait();
}

}  // namespace weft::net::internal
