#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include "weft/messaging/nats/internal/test_broker.h"
#include "weft/messaging/nats/transport.h"
#include "weft/net/sim/sim_loop.h"
#include "weft/rpc/client/channel.h"
#include "weft/rpc/client/client_stream.h"
#include "weft/rpc/client/unary_call.h"
#include "weft/rpc/grpc/google_status.h"
#include "weft/rpc/server/handler.h"
#include "weft/rpc/server/server.h"
#include "weft/testing/run.h"

/// For this room's tests: a service as the generator would make it, and a world of a server, a
/// broker and a client in virtual time.
namespace weft::nats::test {

using namespace std::chrono_literals;
using Text = google::protobuf::BytesValue;

inline constexpr MethodDescriptor kMethods[] = {
    {.name = "Echo", .path = "/test.Echo/Echo"},
    {.name = "Expand", .path = "/test.Echo/Expand", .kind = MethodKind::ServerStreaming}};
inline constexpr ServiceDescriptor kDescriptor{"test.Echo", kMethods, nullptr};

inline Text text(std::string_view value) {
  Text message;
  message.set_value(std::string(value));
  return message;
}

/// What it does is in the text of the request.
class EchoService final : public ServiceDefinition {
 public:
  const ServiceDescriptor& descriptor() const noexcept override { return kDescriptor; }
  Task<Status> serve(std::size_t method, Call& call) override {
    if (method == 0) return rpc::serve_unary<&EchoService::Echo>(call, *this);
    return Task<Status>(unimplemented("nothing streams here"));
  }

  Task<Result<Text>> Echo(ServerContext& context, const Text& request) {
    ++calls;
    const std::string& what = request.value();
    time_left = context.time_left();
    if (what == "sleep") {
      slept = co_await net::sleep(10s);
      ++ended;
      if (!slept.ok()) co_return slept;
    }
    if (what == "fail") {
      context.trailers().add("x-tail", "b");
      co_return not_found("no \"note\"\n\xff here").with_details("details");
    }
    if (what == "throw") throw std::runtime_error("secret");
    if (what == "metadata") {
      context.response_metadata().add("x-head", "a");
      context.response_metadata().add("x-head-bin", std::string_view("\0\xff", 2));
      context.trailers().add("x-tail", "b");
    }
    if (what == "bad metadata") context.response_metadata().add("content-length", "7");
    if (what == "seen") {
      co_return text(std::string(context.metadata().get("x-user").value_or("nobody")) + " " +
                     std::string(context.metadata().get("x-raw-bin").value_or("")) + " " +
                     std::to_string(context.metadata().size()));
    }
    if (what == "zeros") {
      context.set_compression(Compression::Gzip);
      co_return text(std::string(100'000, '\0'));
    }
    if (what == "large") co_return text(std::string(large, 'l'));
    co_return request;
  }

  int calls = 0;
  int ended = 0;
  Duration time_left{};
  Status slept;
  std::size_t large = 1000;
};

/// A server and a client, with a broker between them.
class World {
 public:
  explicit World(Options with = {}) : server_options(with), client_options(std::move(with)) {}
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World() {
    drop_channel();
    if (started_) testing::run(server_host, server_->shutdown(0s));
    server_.reset();
    network.run_for(1s);
    broker.stop();
    network.run_for(1s);
  }

  void start_server() {
    server_settings.loops = {&server_host};
    server_settings.health = server_settings.reflection = false;
    server_ = std::make_unique<Server>(server_settings);
    server_->add(transport(server_address, server_options));
    service = &server_->add<EchoService>();
    const Status started = server_->start();
    ASSERT_TRUE(started.ok()) << started;
    started_ = true;
    network.run_for(100ms);
  }
  Server& server() { return *server_; }
  Channel& channel() {
    if (channel_ == nullptr) {
      channel_settings.transport = client_transport(client_options);
      channel_ = std::make_unique<Channel>(target, channel_settings);
    }
    return *channel_;
  }
  void drop_channel() {
    client_host.enter([&] { channel_.reset(); });
    network.run_for(10ms);
  }
  Result<Text> call(std::string_view what, CallOptions options = {}) {
    const Text request = text(what);
    return testing::run(client_host,
                        rpc::call_unary<Text>(channel(), kMethods[0], request, options));
  }
  /// A call under way.
  struct Started {
    Text request;
    CallOptions options;
    std::unique_ptr<Task<Result<Text>>> task;
    Result<Text> take() {
      return task->done() ? task->take() : Result<Text>(unknown_error("runs"));
    }
  };
  std::unique_ptr<Started> start(std::string_view what, CallOptions options = {},
                                 Context* context = nullptr) {
    auto call = std::make_unique<Started>();
    call->request = text(what);
    call->options = options;
    client_host.enter([&] {
      call->task = std::make_unique<Task<Result<Text>>>(
          rpc::call_unary<Text>(channel(), kMethods[0], call->request, call->options));
      call->task->start(context, {.function = [](void*) noexcept {}, .argument = nullptr});
    });
    network.run_for(100ms);
    return call;
  }

  net::SimNetwork network{11};
  net::SimLoop& server_host = network.host("server");
  net::SimLoop& client_host = network.host("client");
  TestBroker broker{network.host("broker")};
  Options server_options;
  Options client_options;
  ServerOptions server_settings;
  ChannelOptions channel_settings;
  std::string server_address = "nats://broker/shop";
  std::string target = "nats://broker/shop";
  EchoService* service = nullptr;

 private:
  std::unique_ptr<Server> server_;
  std::unique_ptr<Channel> channel_;
  bool started_ = false;
};

}  // namespace weft::nats::test
