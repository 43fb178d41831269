#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include <google/protobuf/wrappers.pb.h>

#include "weft/coro/scope.h"
#include "weft/rpc/client/unary_call.h"
#include "weft/rpc/server/handler.h"
#include "weft/telemetry/prometheus/text_writer.h"
#include "weft/testing/in_process.h"

/// For this room's tests: a server and a client whose calls are counted.
namespace weft::telemetry::test {

using Text = google::protobuf::BytesValue;

inline constexpr MethodDescriptor kMethods[] = {{.name = "Unary", .path = "/test.Kinds/Unary"},
                                                {.name = "Chat", .path = "/test.Kinds/Chat"}};
inline constexpr ServiceDescriptor kDescriptor{"test.Kinds", kMethods, nullptr};

inline Text message(std::string_view value) {
  Text made;
  made.set_value(std::string(value));
  return made;
}

/// All of a registry.
inline std::string text_of(Registry& registry, TextFormat format = TextFormat::Prometheus) {
  TextWriter writer(registry, format);
  std::string all;
  while (writer.write(all, std::size_t{1} << 20)) {
  }
  return all;
}

/// Takes 20 ms; fails when it is told to.
class Echo : public ServiceDefinition {
 public:
  const ServiceDescriptor& descriptor() const noexcept override { return kDescriptor; }
  Task<Status> serve(std::size_t, Call& call) override {
    return rpc::serve_unary<&Echo::Unary>(call, *this);
  }
  Task<Result<Text>> Unary(ServerContext&, const Text& request) {
    const Text asked = request;
    Status slept = co_await net::sleep(std::chrono::milliseconds(20));
    if (!slept.ok()) co_return slept;
    if (asked.value() == "fail") co_return not_found("nothing here");
    if (asked.value() == "busy") co_return unavailable("try again");
    co_return message("a longer answer");
  }
};

/// Figures of a server that is not there.
class Figures final : public ServerFigures {
 public:
  std::size_t connections() const noexcept override { return 7; }
  std::size_t memory() const noexcept override { return 0; }
  std::size_t memory_limit() const noexcept override { return 0; }
};

/// A server and a channel in virtual time, and calls of them.
struct World {
  struct Options {
    ServerOptions server{};
  };
  explicit World(Options options) : in_process({.server = std::move(options.server)}) {}

  static Task<Status> unary(Service& channel, std::string value) {
    const Text request = message(value);
    const Result<Text> reply = co_await rpc::call_unary<Text>(channel, kMethods[0], request, {});
    co_return reply.status();
  }
  Status call(std::string value) {
    return in_process.run(unary(in_process.channel(), std::move(value)));
  }
  Status call_unknown(std::string path) {
    const MethodDescriptor method{.name = "M", .path = path};
    const auto ask = [](Service& channel, const MethodDescriptor& unknown) -> Task<Status> {
      const Text request = message("x");
      const Result<Text> reply = co_await rpc::call_unary<Text>(channel, unknown, request, {});
      co_return reply.status();
    };
    return in_process.run(ask(in_process.channel(), method));
  }
  void call_twice(std::string value) {
    const auto twice = [](Service& channel, std::string text) -> Task<> {
      Scope scope(co_await current_context());
      for (int i = 0; i < 2; ++i) scope.spawn(ignored(channel, text));
      co_await scope.join();
    };
    in_process.run(twice(in_process.channel(), std::move(value)));
  }
  /// Calls, and after a time does something while the call is under way.
  template <class Look>
  void call_and(std::string value, Duration when, Look look) {
    const auto both = [](Service& channel, std::string text, Duration after_it,
                         Look& see) -> Task<> {
      Scope scope(co_await current_context());
      scope.spawn(ignored(channel, text));
      static_cast<void>(co_await net::sleep(after_it));
      see();
      co_await scope.join();
    };
    in_process.run(both(in_process.channel(), std::move(value), when, look));
  }
  Status call_sampled(std::string value) {
    Context context;
    context.trace().trace_id.fill(7);
    context.trace().span_id.fill(9);
    context.trace().flags = TraceContext::kSampled;
    return in_process.run(unary(in_process.channel(), std::move(value)), std::chrono::hours(1),
                          &context);
  }
  /// Does what comes after the answer.
  void settle() { in_process.run_for(std::chrono::seconds(1)); }

  static Task<> ignored(Service& channel, std::string value) {
    static_cast<void>(co_await unary(channel, std::move(value)));
  }

  weft::testing::InProcess in_process;
};

}  // namespace weft::telemetry::test
