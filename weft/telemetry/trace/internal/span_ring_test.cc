#include "weft/telemetry/trace/internal/span_ring.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::telemetry::internal {
namespace {

using ::testing::ElementsAre;

SpanRecord span(std::uint8_t trace, std::uint8_t id, std::uint8_t parent) {
  SpanRecord made;
  made.trace_id[0] = trace;
  made.span_id[0] = id;
  made.parent_id[0] = parent;
  return made;
}

SpanRecord large_span(std::uint8_t id, std::uint8_t parent, std::size_t bytes) {
  SpanRecord made = span(1, id, parent);
  made.details = std::make_unique<SpanDetails>();
  made.details->name = "work";
  made.details->attributes.push_back({"large", std::string(bytes, 'x')});
  made.details->bytes = bytes;
  return made;
}

TraceId trace(std::uint8_t number) { return span(number, 0, 0).trace_id; }
SpanId id(std::uint8_t number) { return span(0, number, 0).span_id; }

std::vector<int> drained(SpanRing& ring) {
  std::vector<SpanRecord> all;
  ring.take(all);
  std::vector<int> ids;
  for (const SpanRecord& one : all) ids.push_back(one.span_id[0]);
  return ids;
}

TEST(SpanRingTest, ReleasesWhatDescendsFromTheRoot) {
  SpanRing ring({.held = 16, .queued = 16, .queue_bytes = 100'000});
  ring.hold(span(1, 3, 2));
  ring.hold(span(1, 2, 1));
  ring.hold(span(1, 9, 8));  // another root of the same trace
  ring.hold(span(2, 5, 1));  // another trace
  EXPECT_FALSE(ring.release(trace(1), id(1), 0).lost);
  EXPECT_THAT(drained(ring), ElementsAre(2, 3));
  ring.release(trace(1), id(1), 0);
  EXPECT_THAT(drained(ring), ElementsAre());
}

TEST(SpanRingTest, FindsChildrenThatEndAfterTheirParent) {
  SpanRing ring({.held = 16, .queued = 16, .queue_bytes = 100'000});
  ring.hold(span(1, 2, 1));
  ring.hold(span(1, 3, 2));
  ring.release(trace(1), id(1), 0);
  EXPECT_THAT(drained(ring), ElementsAre(2, 3));
}

TEST(SpanRingTest, SaysThatHeldSpansWereOverwritten) {
  SpanRing ring({.held = 2, .queued = 16, .queue_bytes = 100'000});
  const std::uint64_t from = ring.held_so_far();
  for (std::uint8_t i = 2; i < 5; ++i) ring.hold(span(1, i, 1));
  EXPECT_TRUE(ring.release(trace(1), id(1), from).lost);
  EXPECT_THAT(drained(ring), ElementsAre(4, 3));
}

TEST(SpanRingTest, CountsSpansForWhichThereIsNoRoom) {
  SpanRing ring({.held = 2, .queued = 4, .queue_bytes = 100'000});
  EXPECT_FALSE(ring.keep(span(1, 1, 0)));
  EXPECT_TRUE(ring.keep(span(1, 2, 0)));
  for (std::uint8_t i = 3; i < 7; ++i) EXPECT_FALSE(ring.keep(span(1, i, 0)));
  EXPECT_EQ(ring.dropped(), 2U);
  EXPECT_EQ(ring.kept(), 4U);
  EXPECT_THAT(drained(ring), ElementsAre(1, 2, 3, 4));
}

TEST(SpanRingTest, BoundsTheBytesThatWait) {
  SpanRing ring({.held = 4, .queued = 100, .queue_bytes = 10'000});
  ring.keep(large_span(1, 0, 9000));
  ring.keep(large_span(2, 0, 9000));
  EXPECT_EQ(ring.dropped(), 1U);
  EXPECT_THAT(drained(ring), ElementsAre(1));
  ring.keep(large_span(3, 0, 9000));
  EXPECT_EQ(ring.dropped(), 1U);
}

TEST(SpanRingTest, IsHalfFullByBytesToo) {
  SpanRing ring({.held = 4, .queued = 100, .queue_bytes = 10'000});
  EXPECT_FALSE(ring.keep(large_span(1, 0, 4000)));
  EXPECT_TRUE(ring.keep(large_span(2, 0, 4000)));
  EXPECT_FALSE(ring.keep(large_span(3, 0, 100)));
}

TEST(SpanRingTest, WhatIsReleasedMayMakeItHalfFull) {
  SpanRing ring({.held = 4, .queued = 100, .queue_bytes = 10'000});
  ring.hold(large_span(2, 1, 4000));
  ring.hold(large_span(3, 1, 4000));
  EXPECT_TRUE(ring.release(trace(1), id(1), 0).half_full);
}

TEST(SpanRingTest, HeldSpansBeyondTheBytesKeepTheTracestate) {
  SpanRing ring({.held = 4, .queued = 100, .queue_bytes = 10'000});
  SpanRecord large = large_span(2, 1, 11'000);
  large.details->state = TraceState::parse("a=b").value();
  ring.hold(std::move(large));
  ring.release(trace(1), id(1), 0);
  std::vector<SpanRecord> all;
  ring.take(all);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_TRUE(all[0].details->attributes.empty());
  EXPECT_EQ(all[0].details->state.text(), "a=b");
  EXPECT_EQ(all[0].details->bytes, std::string_view("worka=b").size());
}

TEST(SpanRingTest, HeldSpansBeyondTheBytesLoseTheirAttributes) {
  SpanRing ring({.held = 4, .queued = 100, .queue_bytes = 10'000});
  ring.hold(large_span(2, 1, 9000));
  ring.hold(large_span(3, 1, 9000));
  ring.release(trace(1), id(1), 0);
  std::vector<SpanRecord> all;
  ring.take(all);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].name(), "work");
  EXPECT_EQ(all[0].details->bytes, 4U);
  EXPECT_EQ(all[0].details->dropped_attributes, 1U);
  EXPECT_EQ(all[1].details->attributes.size(), 1U);
}

}  // namespace
}  // namespace weft::telemetry::internal
