// Methods that the server does not know and its fallback serves, which may be a proxy.

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/codec/json/json.h"
#include "weft/edge/internal/test_edge.h"
#include "weft/rpc/client/forward.h"

namespace weft::edge {
namespace {

using test::Answer;
using test::World;
using testing::EndStream;
using namespace std::chrono_literals;
using ::testing::HasSubstr;

/// Answers with so many messages.
struct Other final : Service {
  explicit Other(int of) : answers(of) {}
  Task<Status> serve(Call& call) override {
    ++calls;
    const std::optional<Message> request = co_await call.requests().read();
    if (!request) co_return call.context().cancel_reason();
    for (int i = 0; i < answers; ++i) {
      const Message answer(Bytes::copy_of("{}"));
      const bool taken = co_await call.responses().write(answer);
      if (!taken) co_return call.context().cancel_reason();
    }
    co_return ok_status();
  }
  const int answers;
  int calls = 0;
};

TEST(EdgeFallback, ServesMethodsThatTheServerDoesNotKnow) {
  World world;
  const auto other = std::make_shared<Other>(1);
  world.server().fallback(other);
  const Answer answer = world.post("/other.Thing/Do", "application/json", "{}");
  EXPECT_EQ(answer.status(), "200");
  EXPECT_EQ(answer.body, "{}");
}

TEST(EdgeFallback, IsNotCalledByGet) {
  World world;
  const auto other = std::make_shared<Other>(1);
  world.server().fallback(other);
  const Answer answer = world.answer(
      world.begin("/other.Thing/Do?encoding=json&message={}", "", {}, "GET", EndStream::Yes));
  EXPECT_EQ(answer.status(), "405");
  EXPECT_EQ(answer.field("allow"), "POST");
  EXPECT_THAT(answer.body, HasSubstr("/other.Thing/Do is called by POST"));
  EXPECT_EQ(other->calls, 0);
}

TEST(EdgeFallback, SeveralResponsesAreNoUnaryAnswer) {
  World world;
  world.server().fallback(std::make_shared<Other>(2));
  const Answer answer = world.post("/other.Thing/Do", "application/json", "{}");
  EXPECT_EQ(answer.status(), "501");
  EXPECT_THAT(answer.body, HasSubstr("the method streams: its messages are application/connect+"));
}

struct Proxy final : Service {
  Task<Status> serve(Call& call) override { return rpc::forward(call, *backend); }
  std::unique_ptr<Channel> backend = std::make_unique<Channel>("backend:1");
};

TEST(EdgeFallback, AProxyHandsOnTheFormat) {
  World world;
  net::SimLoop& host = world.world().network().host("backend");
  Server backend({.listen = ":1", .loops = {&host}});
  backend.add<test::Notes>();
  backend.add(json_codec());
  ASSERT_TRUE(backend.start().ok());
  const auto proxy = std::make_shared<Proxy>();
  // In front of the service of the same name.
  world.server().use([proxy](Call& call, const Next&) { return proxy->serve(call); });
  EXPECT_EQ(world.echo("far").body, R"({"fileName":"far"})");
  testing::run(host, backend.shutdown(0s));
  proxy->backend.reset();
  world.world().run_for(1min);
}

}  // namespace
}  // namespace weft::edge
