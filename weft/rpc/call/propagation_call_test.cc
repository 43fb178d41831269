// Trace and baggage of calls, from server to server.

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "weft/rpc/call/propagation.h"
#include "weft/rpc/client/attempt.h"
#include "weft/rpc/grpc/grpc_wire.h"
#include "weft/rpc/internal/test_service.h"
#include "weft/testing/in_process.h"
#include "weft/testing/scripted_peer.h"

namespace weft::rpc {
namespace {

using namespace std::chrono_literals;
using http2::FrameType;
using test::Kinds;
using test::Text;
using test::text;
using testing::EndStream;
using testing::Fields;
using testing::Frame;
using testing::grpc_message;
using testing::InProcess;
using testing::ScriptedPeer;

const std::string kTraceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const std::string kUnary = "/test.Kinds/Unary";

std::string traceparent_of(const Context& context) {
  if (!context.trace().valid()) return "none";
  const auto text = format_traceparent(context.trace());
  return {text.data(), text.size()};
}

bool says_nothing(const Metadata& metadata) {
  return !metadata.get("traceparent") && !metadata.get("tracestate") && !metadata.get("baggage");
}

/// What a handler saw of a call.
struct Seen {
  std::string traceparent;
  std::string tracestate;
  std::string baggage;
  Metadata metadata;
};

/// Notes what came, and hands the call on where there is a channel.
struct Hop : Kinds {
  explicit Hop(std::unique_ptr<Channel> to = nullptr) : next(std::move(to)) {}

  Task<Result<Text>> Unary(ServerContext& context, const Text& request) override {
    note(context);
    if (on_call) on_call(context.context());
    if (next == nullptr) co_return request;
    co_return co_await test::unary(*next, request, options);
  }
  Task<Status> Chat(ServerContext& context, Reader<Text>& reader, Writer<Text>& writer) override {
    note(context);
    if (next == nullptr) co_return co_await Kinds::Chat(context, reader, writer);
    auto stream = co_await test::chat(*next, options);
    while (const std::optional<Text> part = co_await reader.read()) {
      if (!co_await stream.write(*part)) break;
    }
    stream.half_close();
    while (const std::optional<Text> part = co_await stream.read()) {
      if (!co_await writer.write(*part)) break;
    }
    co_return co_await stream.finish();
  }
  void note(ServerContext& context) {
    std::size_t dropped = 0;
    seen.push_back({.traceparent = traceparent_of(context.context()),
                    .tracestate = std::string(context.context().trace().state.text()),
                    .baggage = format_baggage(context.context(), kMaxBaggageSize, dropped),
                    .metadata = context.metadata()});
  }

  std::unique_ptr<Channel> next;
  CallOptions options;
  std::function<void(Context&)> on_call;
  std::vector<Seen> seen;
};

/// A client, a server in front and one behind it.
struct Worlds {
  explicit Worlds(InProcess::Options options = {}, ChannelOptions to_back = {})
      : world(std::move(options)),
        behind({.listen = ":50051", .loops = {&world.network().host("back")}}),
        front(world.add<Hop>(std::make_unique<Channel>("back:50051", std::move(to_back)))),
        back(behind.add<Hop>()) {
    EXPECT_TRUE(behind.start().ok());
  }
  ~Worlds() { front.next.reset(); }
  /// What the server behind saw of a call that the client sends with these fields.
  Seen call(const Fields& fields) {
    if (peer == nullptr) {
      world.start();
      peer = ScriptedPeer::connect(world.client_host(), "server", InProcess::kPort);
    }
    stream += 2;
    peer->send(testing::headers(stream, testing::grpc_request(kUnary, fields)) +
               testing::data(stream, grpc_message(""), EndStream::Yes));
    const Frame end = peer->expect_end(stream);
    EXPECT_EQ(end.field("grpc-status"), "0") << peer->log();
    return back.seen.empty() ? Seen() : back.seen.back();
  }

  InProcess world;
  Server behind;
  Hop& front;
  Hop& back;
  std::unique_ptr<ScriptedPeer> peer;
  std::uint32_t stream = static_cast<std::uint32_t>(-1);
};

TEST(PropagationOfCalls, GoesThroughAHandlerIntoTheCallsItMakes) {
  Worlds worlds;
  const Seen seen = worlds.call(
      {{"traceparent", kTraceparent}, {"tracestate", "a=1 , b=2"}, {"baggage", "tenant=blue;p"}});
  ASSERT_EQ(worlds.front.seen.size(), 1U);
  for (const Seen& hop : {worlds.front.seen[0], seen}) {
    EXPECT_EQ(hop.traceparent, kTraceparent);
    EXPECT_EQ(hop.tracestate, "a=1,b=2");
    EXPECT_EQ(hop.baggage, "tenant=blue;p");
    EXPECT_EQ(hop.metadata.get("traceparent"), kTraceparent) << "metadata shows it as well";
  }
}

TEST(PropagationOfCalls, OfStreamsGoesThroughAsWell) {
  Worlds worlds;
  worlds.world.start();
  worlds.peer = ScriptedPeer::connect(worlds.world.client_host(), "server", InProcess::kPort);
  worlds.peer->send(
      testing::headers(1, testing::grpc_request("/test.Kinds/Chat", {{"traceparent", kTraceparent},
                                                                     {"baggage", "tenant=blue"}})) +
      testing::data(1, grpc_message(""), EndStream::Yes));
  EXPECT_EQ(worlds.peer->expect_end(1).field("grpc-status"), "0") << worlds.peer->log();
  ASSERT_EQ(worlds.back.seen.size(), 1U);
  EXPECT_EQ(worlds.back.seen[0].traceparent, kTraceparent);
  EXPECT_EQ(worlds.back.seen[0].baggage, "tenant=blue");
}

TEST(PropagationOfCalls, IsSharedByEqualHeaderBlocks) {
  Worlds worlds;
  const std::string other = "00-11111111111111111111111111111111-2222222222222222-00";
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(worlds.call({{"traceparent", kTraceparent}, {"baggage", "a=1"}}).baggage, "a=1");
    EXPECT_EQ(worlds.call({{"traceparent", other}}).traceparent, other);
    const Seen none = worlds.call({});
    EXPECT_EQ(none.traceparent, "none");
    EXPECT_EQ(none.baggage, "");
    EXPECT_TRUE(says_nothing(none.metadata));
  }
}

TEST(PropagationOfCalls, DoesNotLeakWhatAHandlerSetsIntoOtherCalls) {
  Worlds worlds;
  const Fields fields = {{"traceparent", kTraceparent}, {"baggage", "tenant=blue"}};
  worlds.front.on_call = [](Context& context) {
    context.set_baggage("tenant", "red");
    context.set_baggage("hop", "front");
    context.trace().span_id[0] = 0xff;
  };
  const Seen first = worlds.call(fields);
  EXPECT_EQ(first.baggage, "tenant=red,hop=front");
  EXPECT_EQ(first.traceparent, "00-4bf92f3577b34da6a3ce929d0e0e4736-fff067aa0ba902b7-01");
  worlds.front.on_call = nullptr;
  const Seen second = worlds.call(fields);
  EXPECT_EQ(second.baggage, "tenant=blue");
  EXPECT_EQ(second.traceparent, kTraceparent);
}

TEST(PropagationOfCalls, CarriesTheSpanThatAMiddlewareSets) {
  Worlds worlds;
  worlds.front.next->use([](Call& call, Next next) {
    EXPECT_EQ(traceparent_of(call.context()), kTraceparent);
    call.context().trace().span_id = {1, 2, 3, 4, 5, 6, 7, 8};
    return next(call);
  });
  EXPECT_EQ(worlds.call({{"traceparent", kTraceparent}}).traceparent,
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0102030405060708-01");
}

/// What retry does with a call whose first attempt fails. Each attempt has a span of its own.
Task<Status> try_twice(Call& call, Next next) {
  Attempts attempts(call, 1024, Attempts::CommitAt::Response);
  {
    Attempt first(attempts, 0);
    first.call().context().trace().span_id[0] = 1;
    static_cast<void>(co_await next(first.call()));
  }
  Attempt second(attempts, 1);
  second.call().context().trace().span_id[0] = 2;
  Status status = co_await next(second.call());
  co_return co_await second.finish(std::move(status));
}

TEST(PropagationOfCalls, IsThatOfEachAttempt) {
  Worlds worlds;
  worlds.front.next->use(&try_twice);
  worlds.call({{"traceparent", kTraceparent}, {"tracestate", "a=1"}, {"baggage", "a=1"}});
  ASSERT_EQ(worlds.back.seen.size(), 2U);
  for (const std::size_t i : {0U, 1U}) {
    const Seen& seen = worlds.back.seen[i];
    EXPECT_EQ(seen.traceparent, "00-4bf92f3577b34da6a3ce929d0e0e4736-0" + std::to_string(i + 1) +
                                    "f067aa0ba902b7-01");
    EXPECT_EQ(seen.tracestate, "a=1");
    EXPECT_EQ(seen.baggage, "a=1");
  }
}

TEST(PropagationOfCalls, IsThereBeforeTheFirstMiddleware) {
  Worlds worlds;
  std::string seen;
  worlds.world.server().use([&seen](Call& call, Next next) {
    seen = traceparent_of(call.context());
    return next(call);
  });
  worlds.call({{"traceparent", kTraceparent}});
  EXPECT_EQ(seen, kTraceparent);
}

TEST(PropagationOfCalls, LeavesNamesOfTheCallersMetadataAlone) {
  Worlds worlds;
  Metadata own;
  own.add("baggage", "mine=1");
  own.add("x-raw-bin", std::string("\0\xff", 2));
  worlds.front.options.metadata = &own;
  const Seen seen = worlds.call({{"traceparent", kTraceparent}, {"baggage", "tenant=blue"}});
  EXPECT_EQ(seen.baggage, "mine=1");
  EXPECT_EQ(seen.traceparent, kTraceparent);
  EXPECT_EQ(seen.metadata.get("x-raw-bin"), std::string("\0\xff", 2));
  EXPECT_EQ(seen.metadata.get_all("baggage").size(), 1U);
}

TEST(PropagationOfCalls, OfGrpcTraceBinIsReadAndHandedOn) {
  Worlds worlds;
  const auto bytes = format_trace_bin(*parse_traceparent(kTraceparent));
  std::string encoded;
  base64_encode({bytes.data(), bytes.size()}, encoded);
  const Seen seen = worlds.call({{"grpc-trace-bin", encoded}});
  EXPECT_EQ(worlds.front.seen[0].traceparent, kTraceparent);
  EXPECT_EQ(seen.metadata.get("grpc-trace-bin"), std::string_view(bytes.data(), bytes.size()));
  EXPECT_EQ(seen.metadata.get("traceparent"), kTraceparent);
}

TEST(PropagationOfCalls, RefusesStrangersBaggageIfTheServerSaysSo) {
  InProcess::Options options;
  options.server.propagation.baggage = false;
  Worlds worlds(options);
  const Seen seen = worlds.call({{"traceparent", kTraceparent}, {"baggage", "role=admin"}});
  EXPECT_EQ(worlds.front.seen[0].baggage, "");
  EXPECT_EQ(seen.baggage, "");
  EXPECT_EQ(seen.traceparent, kTraceparent);
}

TEST(PropagationOfCalls, IsNotWrittenByAChannelThatSaysSo) {
  Worlds worlds({}, {.propagation = {.trace = false, .baggage = false}});
  const Seen seen = worlds.call({{"traceparent", kTraceparent}, {"baggage", "role=admin"}});
  EXPECT_EQ(worlds.front.seen[0].traceparent, kTraceparent);
  EXPECT_TRUE(says_nothing(seen.metadata));
}

TEST(PropagationOfCalls, IgnoresHostileValuesAndServesTheCall) {
  Worlds worlds;
  std::string thousand;
  for (int i = 0; i < 1000; ++i) thousand += "k" + std::to_string(i) + "=v,";
  const std::string large = "large=" + std::string(9000, 'v');
  const std::string whole = "whole=" + std::string(kMaxBaggageSize - 6, 'v');
  const std::uint64_t before = propagation_drops();

  Seen seen = worlds.call({{"baggage", thousand}});
  EXPECT_EQ(std::count(seen.baggage.begin(), seen.baggage.end(), '='), 64);
  seen = worlds.call({{"baggage", large}, {"baggage", "a=1"}});
  EXPECT_EQ(seen.baggage, "a=1");
  seen = worlds.call({{"baggage", whole}});
  EXPECT_EQ(seen.baggage, whole);
  seen = worlds.call({{"baggage", "=;=,;;\"\\ \x80\xff"}, {"baggage", std::string(4000, ',')}});
  EXPECT_EQ(seen.baggage, "");
  EXPECT_FALSE(seen.metadata.get("baggage").has_value());
  seen = worlds.call({{"traceparent", kTraceparent},
                      {"traceparent", "00-11111111111111111111111111111111-2222222222222222-00"},
                      {"tracestate", "a=1"}});
  EXPECT_EQ(seen.traceparent, "none");
  EXPECT_TRUE(says_nothing(seen.metadata));
  seen = worlds.call({{"traceparent", std::string(8000, '0')}, {"tracestate", "a=1"}});
  EXPECT_TRUE(says_nothing(seen.metadata));
  seen = worlds.call({{"traceparent", kTraceparent}, {"tracestate", std::string(8000, '=')}});
  EXPECT_EQ(seen.traceparent, kTraceparent);
  EXPECT_EQ(seen.tracestate, "");
  EXPECT_GT(propagation_drops(), before + 936);
}

TEST(PropagationOfCalls, DoesNotMakeACallLargerThanTheServerTakes) {
  Worlds worlds;
  ServerOptions options{.listen = ":50052", .loops = {&worlds.world.network().host("back")}};
  options.max_metadata_size = 2000;
  Server small(std::move(options));
  Hop& hop = small.add<Hop>();
  ASSERT_TRUE(small.start().ok());
  worlds.front.next = std::make_unique<Channel>("back:50052");
  worlds.call({{"traceparent", kTraceparent},
               {"baggage", "small=1,large=" + std::string(3000, 'v') + ",also=2"}});
  ASSERT_EQ(hop.seen.size(), 1U);
  EXPECT_EQ(hop.seen[0].traceparent, kTraceparent);
  EXPECT_EQ(hop.seen[0].baggage, "small=1,also=2");
  worlds.front.next.reset();
}

Task<Status> call_with_baggage(Channel& channel) {
  Context* const context = co_await current_context();
  context->set_baggage("late", "1");
  const Text request = text("x");
  co_return (co_await test::unary(channel, request)).status();
}

TEST(PropagationOfCalls, OfAClientOutsideACallComesFromItsContext) {
  InProcess world;
  Hop& hop = world.add<Hop>();
  Context root;
  Context child(&root);  // made before its parent has anything
  root.set_baggage("tenant", "blue");
  EXPECT_EQ(world.run(call_with_baggage(world.channel()), 1min, &child), ok_status());
  ASSERT_EQ(hop.seen.size(), 1U);
  EXPECT_EQ(hop.seen[0].baggage, "late=1,tenant=blue");
  EXPECT_EQ(hop.seen[0].traceparent, "none");
}

}  // namespace
}  // namespace weft::rpc
