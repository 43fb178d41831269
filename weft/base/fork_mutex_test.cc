#include "weft/base/fork_mutex.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "weft/base/sanitizer.h"

namespace weft {
namespace {

/// Forks; the exit status of the child, which runs `function` and has ten seconds for it.
template <class F>
int in_child(F&& function) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(10);
    ::_exit(function());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

struct Pair {
  ForkMutex first;
  ForkMutex second;
  int a = 0;
  int b = 0;
};

TEST(ForkMutex, IsFreeInAChildWithItsDataWhole) {
  std::vector<std::unique_ptr<Pair>> pairs;
  for (int i = 0; i < 5; ++i) pairs.push_back(std::make_unique<Pair>());
  std::atomic<bool> stop = false;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (std::size_t n = static_cast<std::size_t>(i); !stop; ++n) {
        Pair& pair = *pairs[n % pairs.size()];
        const std::lock_guard first(pair.first);
        ++pair.a;
        // One inside the other, as a channel's rules change with a service config.
        const std::lock_guard second(pair.second);
        ++pair.b;
      }
    });
  }
  for (int i = 0; i < 30; ++i) {
    EXPECT_EQ(in_child([&] {
                for (const auto& pair : pairs) {
                  const std::lock_guard first(pair->first);
                  const std::lock_guard second(pair->second);
                  if (pair->a != pair->b) return 1;
                }
                return 0;
              }),
              0);
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
}

TEST(ForkMutex, MayComeAndGoWhileOthersFork) {
  std::atomic<bool> stop = false;
  std::thread maker([&] {
    while (!stop) {
      ForkMutex mutex;
      const std::lock_guard lock(mutex);
    }
  });
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(in_child([] {
                ForkMutex mutex;
                const std::lock_guard lock(mutex);
                return 0;
              }),
              0);
  }
  stop = true;
  maker.join();
}

TEST(ForkMutex, StaysWithTheThreadThatForks) {
  ForkMutex mutex;
  const std::lock_guard lock(mutex);
  EXPECT_EQ(in_child([&] {
              mutex.unlock();
              const bool free = mutex.try_lock();
              return free ? 0 : 1;
            }),
            0);
}

TEST(ForkMutex, IsAMutex) {
  ForkMutex mutex;
  ASSERT_TRUE(mutex.try_lock());
  bool taken = true;
  std::thread([&] { taken = mutex.try_lock(); }).join();
  EXPECT_FALSE(taken);
  mutex.unlock();
}

int calls = 0;

TEST(ForkedChild, IsTold) {
  EXPECT_TRUE(call_in_forked_child([]() noexcept { ++calls; }));
  const std::uint32_t generation = fork_generation();
  EXPECT_EQ(in_child([&] { return calls == 1 && fork_generation() != generation ? 0 : 1; }), 0);
  EXPECT_EQ(calls, 0);
  EXPECT_EQ(fork_generation(), generation);
}

}  // namespace
}  // namespace weft
