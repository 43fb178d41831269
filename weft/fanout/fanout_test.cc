#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include "weft/fanout/parallel_channel.h"
#include "weft/fanout/selective_channel.h"
#include "weft/fanout/sharded_channel.h"
#include "weft/net/sim/sim_loop.h"
#include "weft/rpc/client/client_stream.h"
#include "weft/rpc/client/unary_call.h"
#include "weft/testing/run.h"
#include "weft/testing/scripted_service.h"

namespace weft {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Text = google::protobuf::BytesValue;
using testing::Script;
using testing::ScriptedService;

constexpr MethodDescriptor kUnary{.name = "Unary", .path = "/test.Kinds/Unary"};
constexpr MethodDescriptor kChat{
    .name = "Chat", .path = "/test.Kinds/Chat", .kind = MethodKind::BidiStreaming};

Text text(std::string_view value) {
  Text message;
  message.set_value(std::string(value));
  return message;
}
std::string wire(std::string_view value) { return text(value).SerializeAsString(); }

Script answers(std::string_view with, Duration takes = 0ms) {
  return {.takes = takes, .responses = {wire(with)}};
}
Script fails(Status status, Duration takes = 0ms) {
  return {.takes = takes, .status = std::move(status)};
}

class FanoutTest : public ::testing::Test {
 protected:
  Result<Text> unary(Service& service, std::string_view request, Duration timeout = kForever) {
    const Text message = text(request);
    CallOptions options;
    options.timeout = timeout;
    options.response_metadata = &response_metadata_;
    options.trailers = &trailers_;
    return testing::run(loop_, rpc::call_unary<Text>(service, kUnary, message, options));
  }
  std::string value(Service& service, std::string_view request = "") {
    const Result<Text> reply = unary(service, request);
    return reply.ok() ? reply->value() : reply.status().to_string();
  }
  Duration elapsed() const { return network_.now() - begun_; }

  net::SimNetwork network_{1};
  net::SimLoop& loop_ = network_.host("here");
  TimePoint begun_ = network_.now();
  Metadata response_metadata_;
  Metadata trailers_;
};

ParallelOptions joined() {
  ParallelOptions options;
  options.merge = merge_responses<Text>([](Text& into, const Text& part, std::size_t index) {
    into.mutable_value()->append(std::to_string(index)).append(part.value());
  });
  return options;
}

class Parallel : public FanoutTest {};

TEST_F(Parallel, SendsToAllPartsAndMergesResponsesInOrder) {
  ScriptedService a({answers("a", 30ms)});
  ScriptedService b({answers("b", 10ms)});
  ScriptedService c({answers("c", 20ms)});
  ParallelChannel all({&a, &b, &c}, joined());
  EXPECT_EQ(value(all, "question"), "0a1b2c");
  EXPECT_EQ(elapsed(), 30ms);
  for (const ScriptedService* part : {&a, &b, &c}) {
    EXPECT_THAT(part->seen().at(0).requests, ElementsAre(wire("question")));
  }
}

TEST_F(Parallel, WithoutAMergeTheLastValueWins) {
  ScriptedService a({answers("a")});
  ScriptedService b({answers("b")});
  ParallelChannel all({&a, &b});
  EXPECT_EQ(value(all), "b");
}

TEST_F(Parallel, OneFailureFailsTheCallAndCancelsTheRest) {
  ScriptedService a({answers("a", 10s)});
  ScriptedService b({fails(not_found("no b"), 10ms)});
  ParallelChannel all({&a, &b}, joined());
  EXPECT_EQ(value(all), "NOT_FOUND: 1 of 2 parts failed; part 1: no b");
  EXPECT_EQ(elapsed(), 10ms);
  EXPECT_EQ(a.seen()[0].ended->code(), StatusCode::Cancelled);
}

TEST_F(Parallel, TheFirstNSuccessesAreEnough) {
  ScriptedService a({answers("a", 10s)});
  ScriptedService b({fails(unavailable("no"), 5ms)});
  ScriptedService c({answers("c", 10ms)});
  ScriptedService d({answers("d", 20ms)});
  ParallelOptions options = joined();
  options.successes = 2;
  ParallelChannel some({&a, &b, &c, &d}, options);
  EXPECT_EQ(value(some), "2c3d");
  EXPECT_EQ(elapsed(), 20ms);
  EXPECT_EQ(a.running(), 0U);
}

TEST_F(Parallel, FailsWhenTheNumberIsOutOfReach) {
  ScriptedService a({answers("a", 10s)});
  ScriptedService b({fails(unavailable("b"), 5ms)});
  ScriptedService c({fails(unavailable("c"), 10ms)});
  ParallelOptions options = joined();
  options.successes = 2;
  ParallelChannel some({&a, &b, &c}, options);
  EXPECT_EQ(value(some), "UNAVAILABLE: 2 of 3 parts failed; part 1: b");
  EXPECT_EQ(elapsed(), 10ms);
}

TEST_F(Parallel, AFailLimitToleratesFailuresAndWaitsForTheOthers) {
  ScriptedService a({answers("a", 20ms)});
  ScriptedService b({fails(unavailable("b"), 5ms)});
  ParallelOptions options = joined();
  options.fail_limit = 1;
  ParallelChannel some({&a, &b}, options);
  EXPECT_EQ(value(some), "0a");
  ScriptedService nobody({fails(unavailable("x"))});
  options.fail_limit = 5;
  ParallelChannel none({&nobody, &b}, options);
  EXPECT_EQ(unary(none, "").status().code(), StatusCode::Unavailable);
}

TEST_F(Parallel, ASplitGivesEachPartItsShare) {
  ScriptedService a({answers("a")});
  ScriptedService b({answers("b")});
  ScriptedService c({answers("c")});
  ParallelOptions options = joined();
  options.split = split_requests<Text>(
      [](const Text& request, std::size_t part, std::size_t parts) -> std::optional<Text> {
        EXPECT_EQ(parts, 3U);
        if (part == 1) return std::nullopt;
        return text(request.value().substr(part, 1));
      });
  ParallelChannel shards({&a, &b, &c}, options);
  EXPECT_EQ(value(shards, "xyz"), "0a2c");
  EXPECT_THAT(a.seen().at(0).requests, ElementsAre(wire("x")));
  EXPECT_THAT(c.seen().at(0).requests, ElementsAre(wire("z")));
  EXPECT_EQ(b.calls(), 0U);
}

TEST_F(Parallel, ASplitThatSendsNothingIsAnError) {
  ScriptedService a({answers("a")});
  ParallelOptions options;
  options.split = [](const Bytes&, std::size_t, std::size_t) -> Result<std::optional<Bytes>> {
    return std::optional<Bytes>();
  };
  ParallelChannel shards({&a}, options);
  EXPECT_EQ(unary(shards, "").status().code(), StatusCode::InvalidArgument);
}

TEST_F(Parallel, AResponseThatDoesNotParseNamesItsPart) {
  ScriptedService a({answers("a")});
  ScriptedService b({{.responses = {"\x0a\xff"}}});
  ParallelChannel all({&a, &b}, joined());
  EXPECT_THAT(unary(all, "").status().to_string(), HasSubstr("part 1"));
}

TEST_F(Parallel, APartWithoutResponseHasFailed) {
  ScriptedService a({Script()});
  ScriptedService b({answers("b")});
  ParallelChannel all({&a, &b}, joined());
  EXPECT_EQ(unary(all, "").status().code(), StatusCode::Unimplemented);
}

TEST_F(Parallel, TheDeadlineReachesAllParts) {
  ScriptedService a({answers("a", 10s)});
  ParallelChannel all({&a, &a, &a});
  EXPECT_EQ(unary(all, "", 100ms).status().code(), StatusCode::DeadlineExceeded);
  EXPECT_EQ(elapsed(), 100ms);
  EXPECT_EQ(a.running(), 0U);
}

TEST_F(Parallel, TheCoroutineMayBeDestroyed) {
  ScriptedService a({answers("a", 10s)});
  ParallelChannel all({&a, &a});
  const Text request = text("");
  EXPECT_THROW(static_cast<void>(testing::run(
                   loop_, rpc::call_unary<Text>(all, kUnary, request, CallOptions()), 50ms)),
               testing::DidNotHappen);
  EXPECT_EQ(a.running(), 0U);
}

TEST_F(Parallel, MetadataIsThatOfTheFirstPart) {
  Script script = answers("a", 10ms);
  script.response_metadata.add("from", "a");
  script.trailers.add("end", "a");
  ScriptedService a({script});
  ScriptedService b({answers("b")});
  ParallelChannel all({&a, &b});
  EXPECT_TRUE(unary(all, "").ok());
  EXPECT_EQ(response_metadata_.get("from"), "a");
  EXPECT_EQ(trailers_.get("end"), "a");
}

TEST_F(Parallel, WhatCannotBeIsSaid) {
  ScriptedService a({answers("a")});
  ParallelChannel none({});
  EXPECT_EQ(unary(none, "").status().code(), StatusCode::FailedPrecondition);
  ParallelOptions options;
  options.successes = 2;
  ParallelChannel few({&a}, options);
  EXPECT_THAT(value(few), HasSubstr("ParallelOptions::successes: 2: there are only 1 parts"));
}

// Sharded.

Task<std::vector<std::string>> chat(Service& service, std::vector<std::string> say,
                                    Status& status) {
  auto stream =
      co_await rpc::OpenStream<ClientReaderWriter<Text, Text>>(service, kChat, nullptr, {});
  for (const std::string& line : say) {
    const Text message = text(line);
    if (!co_await stream.write(message)) break;
  }
  stream.half_close();
  std::vector<std::string> heard;
  while (const std::optional<Text> part = co_await stream.read()) heard.push_back(part->value());
  status = co_await stream.finish();
  co_return heard;
}

ShardedChannel::Pick by_first_letter() {
  return shard_by<Text>(
      [](const Text& request) { return static_cast<std::size_t>(request.value().at(0) - 'a'); });
}

class Sharded : public FanoutTest {};

TEST_F(Sharded, TheRequestChoosesThePart) {
  ScriptedService a({answers("from a")});
  ScriptedService b({answers("from b")});
  ShardedChannel shards({&a, &b}, by_first_letter());
  EXPECT_EQ(value(shards, "bob"), "from b");
  EXPECT_EQ(value(shards, "alice"), "from a");
  EXPECT_EQ(value(shards, "claire"), "from a");
  EXPECT_THAT(b.seen().at(0).requests, ElementsAre(wire("bob")));
}

TEST_F(Sharded, AStreamsFirstMessageChoosesAndIsKept) {
  ScriptedService a({answers("from a")});
  ScriptedService b({answers("from b")});
  ShardedChannel shards({&a, &b}, by_first_letter());
  Status status;
  EXPECT_THAT(testing::run(loop_, chat(shards, {"b1", "b2", "b3"}, status)), ElementsAre("from b"));
  EXPECT_TRUE(status.ok()) << status.to_string();
  EXPECT_THAT(b.seen().at(0).requests, ElementsAre(wire("b1"), wire("b2"), wire("b3")));
  EXPECT_THAT(testing::run(loop_, chat(shards, {}, status)), ElementsAre("from a"));
}

TEST_F(Sharded, ANonexistentShardIsAnErrorThatNamesIt) {
  ScriptedService a({answers("a")});
  ShardedChannel shards({&a}, [](const Bytes&, std::size_t) -> Result<std::size_t> { return 7U; });
  EXPECT_EQ(value(shards), "INTERNAL: the request was given to shard 7, and there are only 1");
  ShardedChannel unsure({&a}, [](const Bytes&, std::size_t) -> Result<std::size_t> {
    return not_found("no such user");
  });
  EXPECT_EQ(value(unsure), "NOT_FOUND: choosing a shard: no such user");
  ShardedChannel none({}, by_first_letter());
  EXPECT_EQ(unary(none, "a").status().code(), StatusCode::FailedPrecondition);
}

// Selective.

class Selective : public FanoutTest {};

TEST_F(Selective, TheFallbackTakesCallsWhileTheMainFails) {
  ScriptedService main({fails(unavailable("down")), fails(unavailable("down")), answers("main")});
  ScriptedService fallback({answers("fallback")});
  SelectiveChannel either({&main, &fallback}, {.avoid_for = 1s});
  EXPECT_EQ(value(either, "x"), "fallback");
  EXPECT_THAT(fallback.seen().at(0).requests, ElementsAre(wire("x")));
  // For a second main is not asked.
  EXPECT_EQ(value(either), "fallback");
  EXPECT_EQ(main.calls(), 1U);
  network_.run_for(1s);
  EXPECT_EQ(value(either), "fallback");
  EXPECT_EQ(main.calls(), 2U);
  network_.run_for(1s);
  EXPECT_EQ(value(either), "main");
}

TEST_F(Selective, TheLastFailureIsTheCalls) {
  ScriptedService a({fails(unavailable("a"))});
  ScriptedService b({fails(unavailable("b"))});
  SelectiveChannel either({&a, &b});
  EXPECT_EQ(value(either), "UNAVAILABLE: b");
  SelectiveChannel once({&a, &b}, {.max_attempts = 1});
  EXPECT_EQ(value(once), "UNAVAILABLE: a");
}

TEST_F(Selective, OtherFailuresAndResponsesThatHaveBegunStay) {
  ScriptedService a({fails(not_found("no")),
                     {.announces = true, .then_takes = 1s, .status = unavailable("broke off")}});
  ScriptedService b({answers("b")});
  SelectiveChannel either({&a, &b});
  EXPECT_EQ(value(either), "NOT_FOUND: no");
  EXPECT_EQ(value(either), "UNAVAILABLE: broke off");
  EXPECT_EQ(b.calls(), 0U);
}

TEST_F(Selective, CallsGoInTurn) {
  ScriptedService a({answers("a")});
  ScriptedService b({answers("b")});
  SelectiveChannel either({&a, &b}, {.order = SelectiveOptions::Order::InTurn});
  std::string order;
  for (int i = 0; i < 4; ++i) order += value(either);
  EXPECT_EQ(order, "abab");
}

TEST_F(Selective, TheLeastBusyIsTakenFirst) {
  ScriptedService a({answers("a", 10s), answers("a")});
  ScriptedService b({answers("b")});
  SelectiveChannel either({&a, &b}, {.order = SelectiveOptions::Order::LeastCalls});
  const Text request = text("");
  Task<Result<Text>> slow = rpc::call_unary<Text>(either, kUnary, request, CallOptions());
  loop_.enter([&] { slow.start(nullptr, {[](void*) noexcept {}, nullptr}); });
  for (int i = 0; i < 4; ++i) EXPECT_EQ(value(either), "b");
  network_.run_for(11s);
  EXPECT_TRUE(slow.done());
}

TEST_F(Selective, AStreamIsReplayedToTheNextPart) {
  ScriptedService a({fails(unavailable("a"))});
  ScriptedService b({answers("b")});
  SelectiveChannel either({&a, &b});
  Status status;
  EXPECT_THAT(testing::run(loop_, chat(either, {"1", "2", "3"}, status)), ElementsAre("b"));
  EXPECT_THAT(b.seen().at(0).requests, ElementsAre(wire("1"), wire("2"), wire("3")));
}

TEST_F(Selective, ComposesWithTheOthers) {
  ScriptedService down({fails(unavailable("down"))});
  ScriptedService a({answers("a")});
  ScriptedService b({answers("b")});
  SelectiveChannel first({&down, &a});
  ParallelChannel all({&first, &b}, joined());
  EXPECT_EQ(value(all), "0a1b");
}

}  // namespace
}  // namespace weft
