// What a client makes the server hold and do, and how much of that at once.

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/codec/compression.h"
#include "weft/edge/internal/test_edge.h"

namespace weft::edge {
namespace {

using test::Answer;
using test::World;
using testing::data;
using testing::EndStream;
using testing::grpc_message;
using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr std::string_view kWeb = "application/grpc-web+proto";
constexpr std::string_view kOther = "/other.Thing/Do";

std::string bomb(std::size_t size) {
  return codec::compress(Compression::Zstd, std::string(size, 'x'))->to_string();
}

/// Keeps the first message of a call.
struct Keeper final : Service {
  Task<Status> serve(Call& call) override {
    const std::optional<Message> message = co_await call.requests().read();
    if (!message) co_return call.context().cancel_reason();
    ++kept;
    co_return co_await net::sleep(1h);
  }
  int kept = 0;
};

class EdgeMemory : public ::testing::Test {
 protected:
  EdgeMemory() { world_.server().fallback(keeper_); }
  /// Has eight requests come; how many of them a handler keeps.
  int kept(std::string_view type, const std::string& body, const testing::Fields& more = {}) {
    for (int i = 0; i < 8; ++i) world_.send(world_.begin(kOther, type, more), body);
    world_.world().run_for(1s);
    return keeper_->kept;
  }
  const std::shared_ptr<Keeper> keeper_ = std::make_shared<Keeper>();
  World world_{{.max_connection_memory = 1024 * 1024, .stream_window = 64 * 1024}};
};

TEST_F(EdgeMemory, CountsContentThatAHandlerKeeps) {
  const int calls = kept("application/proto", std::string(300'000, 'x'));
  EXPECT_GE(calls, 2);
  EXPECT_LE(calls, 4);
}

TEST_F(EdgeMemory, CountsWhatContentInflatesTo) {
  const int calls = kept("application/proto", bomb(300'000), {{"content-encoding", "zstd"}});
  EXPECT_GE(calls, 2);
  EXPECT_LE(calls, 4);
}

TEST_F(EdgeMemory, CountsWhatMessagesInflateTo) {
  const int calls = kept(kWeb, grpc_message(bomb(300'000), true), {{"grpc-encoding", "zstd"}});
  EXPECT_GE(calls, 2);
  EXPECT_LE(calls, 4);
}

/// Notes the round of the loop in which each message comes.
struct Rounds final : Service {
  Task<Status> serve(Call& call) override {
    for (;;) {
      const std::optional<Message> message = co_await call.requests().read();
      if (!message) break;
      ++messages;
      seen.insert(call.loop().round());
    }
    co_return ok_status();
  }
  int messages = 0;
  std::set<std::uint32_t> seen;
};

class EdgeTurns : public ::testing::Test {
 protected:
  EdgeTurns() { world_.server().fallback(rounds_); }
  std::uint32_t begin_stream(const testing::Fields& more = {}) {
    testing::Fields fields{{"grpc-encoding", "zstd"}};
    fields.insert(fields.end(), more.begin(), more.end());
    return world_.begin(kOther, kWeb, fields);
  }
  static std::string bombs() {
    std::string all;
    for (int i = 0; i < 40; ++i) all += grpc_message(bomb(100'000), true);
    return all;
  }
  const std::shared_ptr<Rounds> rounds_ = std::make_shared<Rounds>();
  World world_;
};

TEST_F(EdgeTurns, MessagesOfAStreamAreReadInSeveral) {
  world_.send(begin_stream(), bombs());
  world_.world().run_for(1s);
  EXPECT_EQ(rounds_->messages, 40);
  // 195 units each, of 2048 that make a round long.
  EXPECT_GE(rounds_->seen.size(), 3U);
}

TEST_F(EdgeTurns, EmptyMessagesAreReadInSeveral) {
  std::string all;
  for (int i = 0; i < 3000; ++i) all += grpc_message("");
  world_.send(begin_stream(), all);
  world_.world().run_for(1s);
  EXPECT_EQ(rounds_->messages, 3000);
  EXPECT_GE(rounds_->seen.size(), 2U);
}

TEST_F(EdgeTurns, ContentsAreInflatedInSeveral) {
  std::string frames;
  const std::string body = bomb(400'000);
  for (int i = 0; i < 40; ++i) {
    const std::uint32_t stream =
        world_.begin(kOther, "application/proto", {{"content-encoding", "zstd"}});
    frames += data(stream, body, EndStream::Yes);
  }
  world_.peer().send(frames);
  world_.world().run_for(1s);
  EXPECT_EQ(rounds_->messages, 40);
  EXPECT_GE(rounds_->seen.size(), 10U);
}

TEST_F(EdgeTurns, ACallMayEndWhileItWaitsForOne) {
  for (int i = 0; i < 20; ++i) {
    const std::uint32_t stream = begin_stream();
    world_.peer().send(data(stream, bombs()));
    world_.world().run_for(100us * i);
    world_.peer().send(testing::rst_stream(stream, http2::ErrorCode::Cancel));
  }
  world_.world().run_for(1s);
  EXPECT_EQ(world_.server().active_calls(), 0U);
}

/// Answers with much and does not end then.
Task<Status> answer_and_wait(Call& call, int& taken) {
  const Message answer(Bytes::copy_of(std::string(300'000, 'x')));
  const bool done = co_await call.responses().write(answer);
  if (!done) co_return call.context().cancel_reason();
  ++taken;
  co_return co_await net::sleep(1h);
}

TEST(EdgeResponses, ThatWaitForTheEndAreCounted) {
  for (const std::string_view type : {std::string_view("application/proto"), kWeb}) {
    World world({.max_connection_memory = 1024 * 1024, .stream_window = 64 * 1024});
    int taken = 0;
    world.server().use([&taken](Call& call, const Next&) { return answer_and_wait(call, taken); });
    for (int i = 0; i < 8; ++i) world.send(world.begin("/test.Notes/Echo", type), "");
    world.world().run_for(1s);
    EXPECT_GE(taken, 2) << type;
    EXPECT_LE(taken, 4) << type;
  }
}

TEST(EdgeResponses, LongStatusesAreNotInTheHead) {
  World world({.max_metadata_size = 8192});
  world.server().use(
      [](Call&, const Next&) { return Task<Status>(not_found(std::string(20'000, 'm'))); });
  const Answer answer = world.post("/test.Notes/Echo", kWeb, "");
  EXPECT_EQ(answer.field("grpc-status"), "");
  EXPECT_EQ(answer.field("grpc-message"), "");
  EXPECT_THAT(answer.body, HasSubstr("grpc-status: 5\r\n"));
  EXPECT_GE(answer.body.size(), 20'000U);
}

TEST(EdgeResponses, MetadataBeyondTheLimitAreDropped) {
  World world({.max_metadata_size = 8192});
  world.server().use([](Call& call, const Next& next) {
    call.response_metadata().add("x-big", std::string(20'000, 'b'));
    return next(call);
  });
  const Answer unary = world.echo("x");
  EXPECT_EQ(unary.status(), "429");
  EXPECT_EQ(unary.field("x-big"), "");
  EXPECT_THAT(unary.body, HasSubstr("is larger than the limit of 8192 bytes"));
  const Answer web = world.post("/test.Notes/Expand", kWeb, grpc_message(""));
  EXPECT_EQ(web.field("x-big"), "");
  EXPECT_EQ(web.field("grpc-status"), "8");
}

}  // namespace
}  // namespace weft::edge
