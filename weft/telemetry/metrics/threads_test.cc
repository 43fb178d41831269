// Recording on several threads at once; for ThreadSanitizer as well.

#include <atomic>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "weft/base/sanitizer.h"
#include "weft/telemetry/metrics/collection.h"
#include "weft/telemetry/metrics/registry.h"

namespace weft::telemetry {
namespace {

constexpr int kThreads = 8;
constexpr int kTimes = 20'000;

template <class Work>
void on_threads(int count, Work work) {
  std::vector<std::thread> threads;
  threads.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) threads.emplace_back([&work, i] { work(i); });
  for (std::thread& thread : threads) thread.join();
}

TEST(Threads, NothingIsLost) {
  Registry registry;
  const Counter counter = registry.counter({.name = "x"}).value().with();
  const Histogram histogram = registry.histogram({.name = "y"}).value().with();
  on_threads(kThreads, [&](int) {
    for (int i = 0; i < kTimes; ++i) {
      counter.add();
      histogram.record(0.5);
    }
  });
  EXPECT_EQ(counter.value(), std::uint64_t{kThreads} * kTimes);
  EXPECT_EQ(histogram.count(), std::uint64_t{kThreads} * kTimes);
  EXPECT_EQ(histogram.sum(), 0.5 * kThreads * kTimes);
}

TEST(Threads, WhatEndedThreadsCountedStays) {
  Registry registry;
  const Counter counter = registry.counter({.name = "x"}).value().with();
  for (int i = 0; i < 100; ++i) std::thread([&] { counter.add(); }).join();
  EXPECT_EQ(counter.value(), 100U);
}

TEST(Threads, CellsOfEndedThreadsAreUsedAgain) {
  Registry registry;
  const internal::Series::Ref series = registry.histogram({.name = "x"}).value().metric().with({});
  std::thread([&] { series->record(1); }).join();
  const std::size_t before = series->memory();
  for (int i = 0; i < 100; ++i) std::thread([&] { series->record(1); }).join();
  EXPECT_EQ(series->memory(), before);
}

TEST(Threads, ASeriesTakesAtMost640BytesALoop) {
  Registry registry;
  const auto metric = registry.histogram({.name = "x", .unit = "s"}).value();
  EXPECT_EQ(metric.metric().with({})->memory(), 0U);  // made at first use
  const Histogram histogram = metric.with();
  TraceContext trace;
  trace.trace_id.fill(1);
  trace.span_id.fill(2);
  trace.flags = TraceContext::kSampled;
  histogram.record(1, trace);
  EXPECT_LE(metric.metric().with({})->memory(), 640U);
}

TEST(Threads, BeyondTheSlotsACellIsShared) {
  Registry registry;
  const Counter counter = registry.counter({.name = "x"}).value().with();
  const Histogram histogram = registry.histogram({.name = "y"}).value().with();
  // As a thread without a slot does.
  on_threads(kThreads, [&](int) {
    internal::this_slot = internal::kSharedSlot;
    for (int i = 0; i < kTimes; ++i) {
      counter.add();
      histogram.record(2);
    }
  });
  EXPECT_EQ(counter.value(), std::uint64_t{kThreads} * kTimes);
  EXPECT_EQ(histogram.sum(), 2.0 * kThreads * kTimes);
}

TEST(Threads, CollectionsRunWhileSeriesComeAndGo) {
  Registry registry;
  const auto family = registry.histogram({.name = "x"}, Label<int>{"n"}).value();
  std::atomic<bool> done{false};
  std::thread reader([&] {
    while (!done.load()) {
      Collection collection(family.metric());
      for (Point point; collection.next(point);) {
      }
    }
  });
  on_threads(4, [&](int thread) {
    for (int i = 0; i < 500; ++i) {
      const Histogram histogram = family.with(i % 50);
      TraceContext trace;
      trace.flags = TraceContext::kSampled;
      histogram.record(i, trace);
      if (i % 7 == thread) static_cast<void>(family.remove(i % 50));
    }
  });
  done = true;
  reader.join();
}

TEST(Threads, AnObservationThatEndsWaitsForItsCallback) {
  Registry registry;
  const auto family = registry.gauge({.name = "x"}).value();
  std::atomic<bool> done{false};
  std::thread reader([&] {
    while (!done.load()) {
      Collection collection(family.metric());
      for (Point point; collection.next(point);) {
      }
    }
  });
  for (int i = 0; i < 500; ++i) {
    auto value = std::make_unique<double>(i);
    Observation observation = family.observe([&](auto& report) { report(*value); });
    observation.reset();
    value.reset();
  }
  done = true;
  reader.join();
}

TEST(Threads, AChildOfForkCountsOn) {
#if WEFT_ASAN
  GTEST_SKIP() << "a child of several threads may wait for ever for a lock of the allocator of "
                  "AddressSanitizer, which clang 16 does not take at a fork(); release runs it";
#endif
  Registry registry;
  const auto family = registry.counter({.name = "x"}, Label<int>{"n"}).value();
  std::atomic<bool> done{false};
  std::thread recording([&] {
    for (int i = 0; !done.load(); ++i) family.with(i % 100).add();
  });
  for (int i = 0; i < 20; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::alarm(20);  // ends a child that waits for a lock
      family.with(1000 + i).add();
      const bool counts = registry.counter({.name = "y"}).value().with().value() == 0;
      Collection collection(family.metric());
      for (Point point; collection.next(point);) {
      }
      ::_exit(counts ? 0 : 1);
    }
    ASSERT_GT(child, 0);
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  done = true;
  recording.join();
}

TEST(ThreadsDeathTest, TheProgramMayEndWhileThreadsRecord) {
  ::testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_EXIT(
      {
        const Counter counter = registry().counter({.name = "exit"}).value().with();
        static const Histogram histogram =
            registry().histogram({.name = "exit.time"}).value().with();
        for (int i = 0; i < 4; ++i) {
          std::thread([counter] {
            for (;;) {
              counter.add();
              histogram.record(1);
            }
          }).detach();
        }
        while (counter.value() < 1000) std::this_thread::yield();
        // Recorded by destructors, too, after this thread's own cells have gone.
        static const struct AtExit {
          ~AtExit() { registry().counter({.name = "exit"}).value().with().add(); }
        } at_exit;
        std::exit(0);
      },
      ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace weft::telemetry
