// What a server tells observers at its start, and why it refuses calls.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/coro/scope.h"
#include "weft/rpc/call/observer.h"
#include "weft/rpc/internal/test_service.h"
#include "weft/rpc/server/server.h"
#include "weft/testing/in_process.h"

namespace weft::rpc {
namespace {

using namespace std::chrono_literals;
using test::Kinds;
using test::Text;
using test::text;
using ::testing::ElementsAre;
using testing::InProcess;

class Slow : public Kinds {
 public:
  Task<Result<Text>> Unary(ServerContext&, const Text&) override {
    Status slept = co_await net::sleep(20ms);
    if (!slept.ok()) co_return slept;
    co_return text("late");
  }
};

Task<Status> call(Service& channel) {
  const Text request = text("ask");
  const Result<Text> reply = co_await test::unary(channel, request);
  co_return reply.status();
}

/// Keeps why calls were refused, and what the server said of itself at its start.
class Causes final : public Observer {
 public:
  void on_start(const ServerStart& start) noexcept override {
    for (const ServiceDescriptor* service : start.services) services.emplace_back(service->name);
    loops = start.loops.size();
    figures = start.figures;
  }
  void on_refusal(const RefusedCall& call) noexcept override {
    causes.emplace_back(call.cause, std::string(call.path));
  }
  std::vector<std::string> services;
  std::size_t loops = 0;
  std::shared_ptr<const ServerFigures> figures;
  std::vector<std::pair<RefusedCall::Cause, std::string>> causes;
};

TEST(ServerStart, TellsServicesLoopsAndFigures) {
  auto seen = std::make_shared<Causes>();
  {
    InProcess world;
    world.server().add(seen);
    world.add<Slow>();
    EXPECT_EQ(world.run(call(world.channel())), ok_status());
    EXPECT_THAT(seen->services, ::testing::Contains("test.Kinds"));
    EXPECT_EQ(seen->loops, 1U);
    EXPECT_EQ(seen->figures->connections(), 1U);
    EXPECT_GT(seen->figures->memory_limit(), seen->figures->memory());
  }
  // The figures outlive the server.
  EXPECT_EQ(seen->figures->connections(), 0U);
}

TEST(Refusals, NameTheirCause) {
  using Cause = RefusedCall::Cause;
  auto seen = std::make_shared<Causes>();
  InProcess world({.server = {.max_calls = 1}});
  world.server().add(seen);
  world.add<Slow>();
  const auto two = [](Channel& channel) -> Task<> {
    Scope scope(co_await current_context());
    for (int i = 0; i < 2; ++i) {
      scope.spawn([](Channel& to) -> Task<> { static_cast<void>(co_await call(to)); }(channel));
    }
    co_await scope.join();
  };
  world.run(two(world.channel()));
  const auto unknown = [](Channel& channel) -> Task<> {
    const Text request = text("");
    static constexpr MethodDescriptor kNone{.name = "None", .path = "/test.Kinds/None"};
    static_cast<void>(co_await call_unary<Text>(channel, kNone, request, {}));
  };
  world.run(unknown(world.channel()));
  EXPECT_THAT(seen->causes, ElementsAre(std::pair(Cause::Limit, "/test.Kinds/Unary"),
                                        std::pair(Cause::Method, "/test.Kinds/None")));
}

}  // namespace
}  // namespace weft::rpc
