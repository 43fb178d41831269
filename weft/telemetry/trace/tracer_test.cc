// Threads that record while an exporter drains; for ThreadSanitizer as well.

#include "weft/telemetry/trace/tracer.h"

#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "weft/telemetry/trace/internal/span_ring.h"

namespace weft::telemetry {
namespace {

TEST(TracerTest, NoSpanOfAnyThreadIsLost) {
  constexpr int kThreads = 4;
  constexpr int kSpans = 5000;
  // A ring goes on to the next thread, so one may get the spans of all.
  Tracer tracer({.queued_spans = std::size_t{kThreads} * kSpans, .queue_bytes = SIZE_MAX});
  std::vector<SpanRecord> all;
  std::atomic<int> running{kThreads};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < kSpans; ++k) tracer.ring().keep({});
      --running;
    });
  }
  while (running != 0) tracer.drain(all);
  for (std::thread& thread : threads) thread.join();
  tracer.drain(all);
  EXPECT_EQ(all.size(), std::size_t{kThreads} * kSpans);
  EXPECT_EQ(tracer.stats().dropped, 0U);
  EXPECT_EQ(tracer.stats().kept, std::uint64_t{kThreads} * kSpans);
}

TEST(TracerTest, SpansOfEndedThreadsWait) {
  Tracer tracer;
  std::thread([&] { tracer.ring().keep({}); }).join();
  EXPECT_EQ(tracer.stats().queued, 1U);
  std::vector<SpanRecord> all;
  tracer.drain(all);
  EXPECT_EQ(all.size(), 1U);
}

TEST(TracerTest, AChildOfForkHasNoneOfItsParentsSpans) {
  Tracer tracer;
  const auto held = [] {
    SpanRecord span;
    span.trace_id[0] = 1;
    span.parent_id[0] = 1;
    return span;
  };
  const SpanId root = held().parent_id;
  tracer.ring().keep({});
  tracer.ring().hold(held());
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(10);
    std::vector<SpanRecord> all;
    tracer.ring().release(held().trace_id, root, 0);
    tracer.drain(all);
    const bool is_empty = all.empty() && tracer.stats().queued == 0;
    tracer.ring().hold(held());
    tracer.ring().release(held().trace_id, root, 0);
    tracer.drain(all);
    ::_exit(is_empty && all.size() == 1 ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  std::vector<SpanRecord> all;
  tracer.ring().release(held().trace_id, root, 0);
  tracer.drain(all);
  EXPECT_EQ(all.size(), 2U);
}

TEST(TracerTest, NamesAreBounded) {
  Tracer tracer;
  const std::string* const known = tracer.intern("known");
  for (std::size_t i = 0; i < Tracer::kMaxNames; ++i) tracer.intern(std::to_string(i));
  EXPECT_EQ(*tracer.intern("one more"), "other");
  EXPECT_EQ(tracer.intern("known"), known);
}

TEST(TracerTest, RefusesASamplingThatIsNone) {
  Tracer tracer;
  EXPECT_EQ(tracer.set_sampling({.ratio = 2}).code(), StatusCode::InvalidArgument);
  EXPECT_FALSE(tracer.sampler().is_on());
}

}  // namespace
}  // namespace weft::telemetry
