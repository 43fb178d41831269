#include "weft/net/takeover/internal/time_slice.h"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <thread>

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "weft/net/loop/loop_thread.h"
#include "weft/net/takeover/internal/test_threads.h"

namespace weft::net::internal {
namespace {

using namespace std::chrono_literals;

/// sched_setattr fails with `error` for this thread and those that it starts, as in a container.
bool refuse_to_set(int error) {
  const std::array<sock_filter, 4> program{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sched_setattr, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(error)),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  const sock_fprog filter{static_cast<unsigned short>(program.size()),
                          const_cast<sock_filter*>(program.data())};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

TEST(TimeSlice, IsChangedToldAndPutBack) {
  SKIP_WITHOUT_SLICES();
  std::thread([] {
    const Duration before = change_slice(0, 5ms);
    EXPECT_EQ(change_slice(this_thread().number, before), 5ms);
    EXPECT_EQ(change_slice(0, before), before);
  }).join();
}

TEST(TimeSlice, OfAThreadWithAnotherPolicyStaysAlone) {
  std::thread([] {
    const sched_param none{};
    ASSERT_EQ(::sched_setscheduler(0, SCHED_BATCH, &none), 0);
    EXPECT_EQ(change_slice(0, 5ms), Duration::zero());
    EXPECT_EQ(::sched_getscheduler(0), SCHED_BATCH);
  }).join();
}

TEST(TimeSlice, IsZeroWhereTheSystemRefuses) {
  for (const int refusal : {EPERM, ENOSYS}) {
    std::thread([refusal] {
      if (!refuse_to_set(refusal)) GTEST_SKIP() << "no filters of system calls here";
      errno = 0;
      EXPECT_EQ(change_slice(0, 5ms), Duration::zero());
      EXPECT_EQ(errno, 0);
    }).join();
  }
}

TEST(TimeSlice, IsPatientForAsLongAsAThreadIsOut) {
  SKIP_WITHOUT_SLICES();
  LoopThread own("taken-over", {.handler_bound = 100us});
  Loop& loop = own.loop();
  for (int round = 0; round < 3; ++round) {
    SlowWork slow;
    loop.post(slow);
    const pid_t thread = slow.began.get_future().get().number;
    await_turn(loop);
    EXPECT_EQ(slice_of(thread), kPatientSlice);
    slow.end.set_value();
    slow.ended.get_future().wait();
    EXPECT_NE(slow.slice_after, kPatientSlice);
    EXPECT_NE(slow.slice_after, Duration::zero());
    await_turn(loop);
  }
}

void be_taken_over_where_slices_are_refused() {
  if (refuse_to_set(EPERM)) {
    LoopThread own("taken-over", {.handler_bound = 100us});
    SlowWork slow;
    own.loop().post(slow);
    slow.began.get_future().wait();
    await_turn(own.loop());
    slow.end.set_value();
    slow.ended.get_future().wait();
  }
  std::_Exit(0);
}

// In a process of its own, whose watchdog has the filter too.
TEST(TimeSliceDeathTest, ThatIsRefusedKeepsNoLoopFromBeingTakenOver) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(be_taken_over_where_slices_are_refused(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace weft::net::internal
