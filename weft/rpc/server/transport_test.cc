// Transports of a user's own, on both sides, and calls that no service has.

#include "weft/rpc/server/transport.h"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "weft/coro/scope.h"
#include "weft/net/sim/sim_loop.h"
#include "weft/rpc/call/observer.h"
#include "weft/rpc/client/channel.h"
#include "weft/rpc/client/client_transport.h"
#include "weft/rpc/client/forward.h"
#include "weft/rpc/internal/test_service.h"
#include "weft/rpc/server/server.h"
#include "weft/testing/run.h"

namespace weft::rpc {
namespace {

using namespace std::chrono_literals;
using test::Kinds;
using test::Text;
using test::text;

/// Brings the calls that a test makes: what comes over a broker would be as this.
class OwnTransport final : public Transport {
 public:
  std::string name() const override { return "own"; }
  Status start(const std::shared_ptr<Dispatcher>& dispatcher,
               std::span<net::Loop* const> loops) override {
    ++starts;
    if (!fails.ok()) return fails;
    dispatcher_ = dispatcher;
    EXPECT_FALSE(loops.empty());
    return {};
  }
  void drain(UniqueFunction<void()> idle) noexcept override {
    ++drains;
    // It keeps the server, and so this.
    idle_ = std::move(idle);
    if (!never_idle) std::exchange(idle_, {})();
  }
  void cancel_all(const Status&) noexcept override { ++cancels; }

  /// A unary call of `path`.
  static Task<Status> call(Dispatcher& dispatcher, net::Loop& loop, std::string_view path,
                           Text request, Text& response) {
    Call call(Call::Side::Server, loop, path, nullptr, nullptr);
    SingleRequest requests(request);
    SingleResponse responses;
    call.set_requests(requests);
    call.set_responses(responses);
    call.set_peer(Peer::Ref::make("own"));
    Status status = co_await dispatcher.serve(call).in(call.context());
    co_return responses.finish(std::move(status), response);
  }

  /// What a transport does that finds its calls ended after all.
  void become_idle() { std::exchange(idle_, {})(); }

  std::shared_ptr<Dispatcher> dispatcher_;
  Status fails;
  bool never_idle = false;
  int starts = 0;
  int drains = 0;
  int cancels = 0;

 private:
  UniqueFunction<void()> idle_;
};

struct Thrower : Kinds {
  Task<Result<Text>> Unary(ServerContext&, const Text& request) override {
    if (request.value() == "throw") throw std::runtime_error("secret");
    return request;
  }
};

class Transports : public ::testing::Test {
 protected:
  Transports() : server_({.loops = {&host()}}) {
    auto transport = std::make_unique<OwnTransport>();
    own_ = transport.get();
    server_.add(std::move(transport));
    server_.add<Thrower>();
  }
  ~Transports() override { testing::run(host(), server_.shutdown(0s)); }
  net::SimLoop& host() { return network_.host("a"); }
  Status call(std::string_view path, const char* request) {
    Text response;
    Status status = testing::run(
        host(), OwnTransport::call(*own_->dispatcher_, host(), path, text(request), response));
    if (status.ok()) {
      EXPECT_EQ(response.value(), request);
    }
    return status;
  }
  net::SimNetwork network_{1};
  Server server_;
  OwnTransport* own_;
};

TEST_F(Transports, BringCallsToTheMethodsOfAServerWithoutAddress) {
  server_.use([](Call& call, Next next) -> Task<Status> {
    if (call.method_name() == "Expand") throw std::runtime_error("secret");
    co_return co_await next(call);
  });
  ASSERT_TRUE(server_.start().ok());
  EXPECT_TRUE(call("/test.Kinds/Unary", "x").ok());
  EXPECT_EQ(call("/test.Kinds/None", "x").code(), StatusCode::Unimplemented);
  EXPECT_EQ(call("/test.Kinds/Unary", "throw").message(), "the handler threw an exception");
  EXPECT_EQ(call("/test.Kinds/Expand", "x").message(), "the handler threw an exception");
  EXPECT_EQ(server_.active_calls(), 0U);
  bool known = false;
  for (const ServiceDescriptor* service : own_->dispatcher_->services()) {
    known = known || service->name == "test.Kinds";
  }
  EXPECT_TRUE(known);
}

/// Counts, and keeps what was last.
struct Watching final : Observer {
  void on_begin(Call&) noexcept override { ++begun; }
  void on_end(Call&, const Status& status, const CallStats& stats) noexcept override {
    ++ended;
    last = status;
    figures = stats;
  }
  void on_refused(std::string_view path, const Peer& peer, const Status&) noexcept override {
    refused.append(path).append(" of ").append(peer.describe());
  }
  int begun = 0;
  int ended = 0;
  Status last;
  CallStats figures;
  std::string refused;
};

TEST_F(Transports, AreObserved) {
  const auto observer = std::make_shared<Watching>();
  server_.add(observer);
  ASSERT_TRUE(server_.start().ok());
  EXPECT_TRUE(call("/test.Kinds/Unary", "x").ok());
  EXPECT_EQ(observer->figures.received_bytes, 3U);
  EXPECT_EQ(observer->figures.sent_bytes, 3U);
  EXPECT_EQ(observer->figures.sent_wire_bytes, 0U);
  const Status thrown = call("/test.Kinds/Unary", "throw");
  EXPECT_EQ(thrown.code(), observer->last.code());
  EXPECT_EQ(observer->last.message(), "the handler threw an exception");
  EXPECT_EQ(call("/test.Kinds/None", "x").code(), StatusCode::Unimplemented);
  EXPECT_EQ(observer->refused, "/test.Kinds/None of own");
  EXPECT_EQ(observer->begun, 2);
  EXPECT_EQ(observer->ended, 2);
}

TEST_F(Transports, AreNotCancelledUnlessTheyWereStarted) {
  int cancels = 0;
  {
    Server never({.loops = {&host()}});
    struct Counting final : Transport {
      explicit Counting(int& count) : cancels(count) {}
      std::string name() const override { return "counting"; }
      Status start(const std::shared_ptr<Dispatcher>&, std::span<net::Loop* const>) override {
        return {};
      }
      void drain(UniqueFunction<void()> idle) noexcept override { idle(); }
      void cancel_all(const Status&) noexcept override { ++cancels; }
      int& cancels;
    };
    never.add(std::make_unique<Counting>(cancels));
  }
  EXPECT_EQ(cancels, 0);
}

TEST_F(Transports, AreMadeForAddressesOfTheirScheme) {
  std::string address;
  OwnTransport* made = nullptr;
  register_transport("made", [&](const std::string& text) {
    address = text;
    auto transport = std::make_unique<OwnTransport>();
    made = transport.get();
    return transport;
  });
  server_.listen("made://somewhere");
  EXPECT_EQ(address, "made://somewhere");
  ASSERT_TRUE(server_.start().ok());
  EXPECT_EQ(made->starts, 1);
  EXPECT_FALSE(find_transport("127.0.0.1:1"));
  EXPECT_FALSE(find_transport("somewhere"));
}

TEST_F(Transports, EndTheStartWhereTheyFail) {
  own_->fails = unavailable("the broker is away");
  server_.listen("inproc:beside");
  EXPECT_EQ(server_.start().message(), "the broker is away");
  EXPECT_EQ(own_->drains, 0);
  own_->fails = {};
  // What was started beside it was taken back, so that all can be tried again.
  EXPECT_TRUE(server_.start().ok());
  EXPECT_EQ(own_->starts, 2);
}

TEST_F(Transports, AreTakenBackWhereAnotherFails) {
  server_.listen("no address");
  EXPECT_FALSE(server_.start().ok());
  EXPECT_EQ(own_->starts, 1);
  EXPECT_EQ(own_->drains, 1);
  EXPECT_EQ(own_->cancels, 1);
}

TEST_F(Transports, ThatDoNotDrainAreLeftBehind) {
  own_->never_idle = true;
  ASSERT_TRUE(server_.start().ok());
  const TimePoint begun = network_.now();
  testing::run(host(), server_.shutdown(1min));
  EXPECT_EQ(network_.now() - begun, Duration(65s));  // the grace, and five seconds to notice
  EXPECT_EQ(own_->drains, 1);
  EXPECT_EQ(own_->cancels, 1);
  own_->become_idle();
}

TEST(Fallback, ServesThePathsThatNobodyHas) {
  struct Fallback final : Service {
    Task<Status> serve(Call& call) override {
      paths.emplace_back(call.path());
      return Status(StatusCode::Aborted, "by the fallback");
    }
    std::vector<std::string> paths;
  };
  net::SimNetwork network(1);
  net::SimLoop& host = network.host("a");
  Server server({.listen = ":1", .loops = {&host}});
  server.add<Kinds>();
  const auto fallback = std::make_shared<Fallback>();
  server.fallback(fallback);
  ASSERT_TRUE(server.start().ok());
  Channel channel("a:1");
  static constexpr MethodDescriptor kOther{"Any", "/other.Service/Any", MethodKind::Unary};
  const Text request = text("x");
  EXPECT_EQ(testing::run(host, call_unary<Text>(channel, kOther, request, CallOptions{}))
                .status()
                .message(),
            "by the fallback");
  EXPECT_TRUE(testing::run(host, test::unary(channel, request)).ok());
  EXPECT_EQ(fallback->paths, (std::vector<std::string>{"/other.Service/Any"}));
  testing::run(host, server.shutdown(0s));
}

/// A client, a proxy and a backend.
class Forwarding : public ::testing::Test {
 protected:
  struct Proxy final : Service {
    Task<Status> serve(Call& call) override { return forward(call, backend); }
    Channel backend{"backend:1"};
  };
  struct Backend : Kinds {
    Task<Result<Text>> Unary(ServerContext& context, const Text& request) override {
      return answer(*this, context, request);
    }
    static Task<Result<Text>> answer(Backend& self, ServerContext& context, const Text& request) {
      self.seen = context.metadata().get("x-sent").value_or("");
      self.time_left = context.time_left();
      context.response_metadata().add("x-first", "1");
      context.trailers().add("x-last", "2");
      if (request.value() == "sleep") {
        self.woken = co_await net::sleep(1h);
        co_return self.woken;
      }
      if (request.value() == "fail") co_return not_found("nothing").with_details("details");
      co_return request;
    }
    std::string seen;
    Duration time_left{};
    Status woken;
  };
  Forwarding()
      : backend_({.listen = ":1", .loops = {&network_.host("backend")}}),
        front_({.listen = ":1",
                .loops = {&network_.host("front")},
                .health = false,
                .reflection = false}),
        service_(backend_.add<Backend>()) {
    front_.fallback(proxy_);
    EXPECT_TRUE(front_.start().ok());
  }
  ~Forwarding() override {
    testing::run(network_.host("front"), front_.shutdown(0s));
    testing::run(network_.host("backend"), backend_.shutdown(0s));
    channel_.reset();
    proxy_.reset();
    network_.run_until_idle(1min);
  }
  Result<Text> call(const Text& request, CallOptions options = {}) {
    return testing::run(client(), test::unary(*channel_, request, options));
  }
  net::SimLoop& client() { return network_.host("client"); }

  net::SimNetwork network_{1};
  std::shared_ptr<Proxy> proxy_ = std::make_shared<Proxy>();
  Server backend_;
  Server front_;
  Backend& service_;
  std::unique_ptr<Channel> channel_ = std::make_unique<Channel>("front:1");
};

TEST_F(Forwarding, HandsOnMetadataTrailersAndDetails) {
  ASSERT_TRUE(backend_.start().ok());
  Metadata sent;
  sent.add("x-sent", "value");
  Metadata first;
  Metadata last;
  const CallOptions options{.metadata = &sent, .response_metadata = &first, .trailers = &last};
  const Result<Text> reply = call(text("hello"), options);
  ASSERT_TRUE(reply.ok()) << reply.status().to_string();
  EXPECT_EQ(reply->value(), "hello");
  EXPECT_EQ(service_.seen, "value");
  EXPECT_EQ(first.get("x-first"), "1");
  EXPECT_EQ(last.get("x-last"), "2");
  const Status failed = call(text("fail"), options).status();
  EXPECT_EQ(failed.code(), StatusCode::NotFound);
  EXPECT_EQ(failed.message(), "nothing");
  EXPECT_EQ(failed.details(), "details");
}

TEST_F(Forwarding, HandsOnDeadlineAndCancellation) {
  ASSERT_TRUE(backend_.start().ok());
  EXPECT_EQ(call(text("sleep"), {.timeout = 1s}).status().code(), StatusCode::DeadlineExceeded);
  EXPECT_GT(service_.time_left, 900ms);
  EXPECT_LE(service_.time_left, 1s);
  network_.run_for(1s);
  EXPECT_FALSE(service_.woken.ok());
  EXPECT_EQ(front_.active_calls(), 0U);
  EXPECT_EQ(backend_.active_calls(), 0U);
}

TEST_F(Forwarding, SaysThatTheBackendIsAway) {
  const Status status = call(text("x")).status();
  EXPECT_EQ(status.code(), StatusCode::Unavailable);
  EXPECT_NE(status.message().find("connection refused"), std::string::npos) << status.message();
}

Task<Status> chat_much(Channel& channel, int rounds) {
  auto stream = co_await test::chat(channel);
  const Text message = text(std::string(10'000, 'm'));
  for (int i = 0; i < rounds; ++i) {
    if (!co_await stream.write(message)) break;
    const std::optional<Text> echo = co_await stream.read();
    if (!echo) break;
  }
  stream.half_close();
  co_return co_await stream.finish();
}

Task<Status> chat_in_parallel(Channel& channel, int streams) {
  Scope scope(co_await current_context());
  for (int i = 0; i < streams; ++i) scope.spawn(chat_much(channel, 50));
  co_await scope.join();
  co_return scope.status();
}

TEST_F(Forwarding, HandsOnStreamsOfBothWays) {
  ASSERT_TRUE(backend_.start().ok());
  const Status status = testing::run(client(), chat_in_parallel(*channel_, 100));
  EXPECT_TRUE(status.ok()) << status.to_string();
}

/// Reads nothing for a minute.
struct SlowReader : Kinds {
  Task<Result<Text>> Collect(ServerContext&, Reader<Text>& reader) override {
    return read_later(reader);
  }
  static Task<Result<Text>> read_later(Reader<Text>& reader) {
    static_cast<void>(co_await net::sleep(1min));
    std::size_t count = 0;
    while (const std::optional<Text> part = co_await reader.read()) ++count;
    co_return text(std::to_string(count));
  }
};

Task<Result<Text>> send_much(Channel& channel, int& written) {
  auto stream = co_await test::collect(channel);
  const Text message = text(std::string(10'000, 'w'));
  for (; written < 1000; ++written) {
    if (!co_await stream.write(message)) break;
  }
  co_return co_await stream.finish();
}

TEST_F(Forwarding, HoldsASenderBackWhereTheBackendDoesNotRead) {
  Server slow({.listen = ":1", .loops = {&network_.host("backend")}});
  slow.add<SlowReader>();
  ASSERT_TRUE(slow.start().ok());
  int written = 0;
  Task<Result<Text>> task = send_much(*channel_, written);
  bool done = false;
  client().enter([&] {
    task.start(nullptr, {[](void* flag) noexcept { *static_cast<bool*>(flag) = true; }, &done});
  });
  network_.run_for(30s);
  EXPECT_LT(written, 250);  // what the windows of both connections hold at most
  network_.run_for(2min);
  ASSERT_TRUE(done);
  const Result<Text> reply = task.take();
  ASSERT_TRUE(reply.ok()) << reply.status().to_string();
  EXPECT_EQ(reply->value(), "1000");
  testing::run(network_.host("backend"), slow.shutdown(0s));
}

/// Answers with what it was made for.
class OwnClient final : public ClientTransport {
 public:
  explicit OwnClient(std::string target) : target_(std::move(target)) {}
  Task<Status> serve(Call& call) override { return answer(call, target_); }
  void close() noexcept override {}

 private:
  static Task<Status> answer(Call& call, std::string target) {
    static_cast<void>(co_await call.requests().read());
    call.announce_response_metadata();
    const Text reply = text(target);
    if (!co_await call.responses().write(codec::message_of(reply))) {
      co_return Status(call.context().cancel_reason());
    }
    co_return Status();
  }
  std::string target_;
};

Result<std::shared_ptr<ClientTransport>> make_own_client(const ClientTransportSetup& setup) {
  if (setup.target == "own:bad") return invalid_argument("'own:bad' is bad");
  return std::shared_ptr<ClientTransport>(std::make_shared<OwnClient>(setup.target));
}

TEST(ClientTransports, AreChosenByTheTargetsScheme) {
  register_client_transport("own", &make_own_client);
  net::SimNetwork network(1);
  Channel channel("own:somewhere");
  int calls = 0;
  channel.use([&](Call& call, Next next) -> Task<Status> {
    ++calls;
    return next(call);
  });
  const Text request = text("x");
  const Result<Text> reply = testing::run(network.host("a"), test::unary(channel, request));
  ASSERT_TRUE(reply.ok()) << reply.status().to_string();
  EXPECT_EQ(reply->value(), "own:somewhere");
  EXPECT_EQ(calls, 1);
  EXPECT_TRUE(testing::run(network.host("a"), channel.connect()).ok());
  Channel bad("own:bad");
  EXPECT_EQ(testing::run(network.host("a"), test::unary(bad, request)).status().message(),
            "'own:bad' is bad");
}

TEST(ClientTransports, AreChosenByAnOption) {
  net::SimNetwork network(1);
  Channel channel("for people", {.transport = &make_own_client});
  const Text request = text("x");
  const Result<Text> reply = testing::run(network.host("a"), test::unary(channel, request));
  ASSERT_TRUE(reply.ok()) << reply.status().to_string();
  EXPECT_EQ(reply->value(), "for people");
}

TEST(ClientTransports, OfAnUnknownSchemeNameTheComponentToLink) {
  net::SimNetwork network(1);
  const Text request = text("x");
  Channel etcd("etcd://localhost:1/greeter");
  const Status linked = testing::run(network.host("a"), test::unary(etcd, request)).status();
  EXPECT_NE(linked.message().find("'etcd' comes with weft::registry, which this program does not "
                                  "link"),
            std::string::npos)
      << linked.message();
  Channel unknown("quic://localhost:1");
  const Status status = testing::run(network.host("a"), test::unary(unknown, request)).status();
  EXPECT_NE(status.message().find("inproc"), std::string::npos) << status.message();
}

}  // namespace
}  // namespace weft::rpc
