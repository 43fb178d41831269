// What a client makes the server hold and do, and how much of that at once.

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/codec/compression.h"
#include "weft/edge/internal/test_edge.h"

namespace weft::edge {
namespace {

using test::World;
using testing::grpc_message;
using namespace std::chrono_literals;

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

}  // namespace
}  // namespace weft::edge
