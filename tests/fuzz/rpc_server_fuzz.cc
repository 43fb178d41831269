// A whole server in a simulated network under a scripted client: whatever the client does, each
// response is gRPC, everything that began ends, and the next client is served.

#include <memory>
#include <stdexcept>
#include <string>

#include "weft/base/log.h"
#include "weft/rpc/channel.h"
#include "weft/rpc/internal/test_service.h"
#include "weft/rpc/server.h"
#include "weft/testing/in_process.h"

#include "tests/fuzz/grpc_frames.h"
#include "tests/fuzz/raw_peer.h"

namespace weft::fuzz {
namespace {

using namespace std::chrono_literals;
using rpc::test::Kinds;
using rpc::test::Text;

/// Does what the first letter of the request asks for.
struct Moody : Kinds {
  explicit Moody(int& counter) : running(counter) {}
  Task<Result<Text>> Unary(ServerContext&, const Text& request) override {
    return act(running, request);
  }
  static Task<Result<Text>> act(int& running, const Text& request) {
    struct Running {
      explicit Running(int& counter) : count(counter) { ++count; }
      Running(const Running&) = delete;
      Running& operator=(const Running&) = delete;
      ~Running() { --count; }
      int& count;
    } here(running);
    switch (request.value().empty() ? 'e' : request.value().front()) {
      case 's': {
        const Status slept = co_await net::sleep(50ms);
        if (!slept.ok()) co_return slept;
        co_return request;
      }
      case 'f':
        co_return Status(StatusCode::NotFound, request.value());
      case 't':
        throw std::runtime_error("of a handler");
      case 'b':
        co_return rpc::test::text(std::string(300000, 'b'));
      default:
        co_return request;
    }
  }
  int& running;
};

ServerOptions options_from(Input& input) {
  ServerOptions options;
  if (input.flip()) options.max_receive_size = 1000;
  if (input.flip()) options.max_metadata_size = 500;
  if (input.flip()) options.max_calls_per_connection = 2;
  if (input.flip()) options.stream_window = 100;
  if (input.flip()) options.max_window = 0;
  if (input.rarely(4)) options.max_connection_age = 100ms;
  if (input.rarely(4)) options.max_connection_age_grace = 50ms;
  if (input.rarely(4)) options.max_connection_idle = 200ms;
  if (input.rarely(4)) options.keepalive_time = 100ms;
  options.keepalive_timeout = 100ms;
  return options;
}

http2::SessionOptions session_of(const ServerOptions& options) {
  http2::SessionOptions session;
  session.role = http2::Role::Server;
  session.local.initial_window_size = options.stream_window;
  session.local.max_frame_size = 64 * 1024;
  session.connection_window = options.connection_window;
  session.max_window = options.max_window;
  return session;
}

class ServerScript {
 public:
  explicit ServerScript(Input input)
      : input_(input), options_(options_from(input_)), world_({.seed = 1, .server = options_}) {
    world_.add<Moody>(running_);
    world_.start();
  }
  void run() {
    while (!input_.empty()) {
      if (peer_ == nullptr || (peer_->ended() && input_.flip())) connect();
      step();
    }
    finish();
  }

 private:
  void connect() {
    Result<std::unique_ptr<net::Stream>> stream =
        world_.run(world_.client_host().connect(net::Address::memory("server", 50051)));
    require(stream.ok(), "the server accepts connections");
    frames_ = std::make_unique<GrpcFrames>(input_, http2::Role::Server);
    peer_ = std::make_unique<RawPeer>(std::move(*stream), session_of(options_));
    peer_->send_greeting(frames_->greeting());
  }

  void step() {
    static constexpr Duration kTimes[] = {0ms, 1ms, 3ms, 60ms, 250ms};
    switch (input_.below(16)) {
      case 0:
      case 1:
      case 2:
        return world_.run_for(input_.one_of(kTimes));
      case 3:
        return peer_->set_reading(input_.below(4) != 0);
      case 4:
        if (input_.rarely(16)) peer_->shutdown_write();
        if (input_.rarely(16)) peer_->close();
        if (input_.rarely(32)) peer_->send_rubbish(frames_->rubbish());
        return;
      default:
        return peer_->send(frames_->next());
    }
  }

  void finish() {
    if (peer_ != nullptr) {
      peer_->set_reading(true);
      world_.run_for(2s);
      if (!peer_->ended() && peer_->is_idle()) peer_->wire().check_answers();
      peer_->close();
    }
    world_.run_for(5s);
    require(world_.server().active_connections() == 0, "a connection that was closed is gone");
    require(world_.server().active_calls() == 0, "no call outlives its connection");
    require(running_ == 0, "no handler outlives its call");
    const Text request = rpc::test::text("still there?");
    const Result<Text> reply =
        world_.run(rpc::test::unary(world_.channel(), request, {.timeout = 1s}));
    require(reply.ok() && reply->value() == request.value(), "the next client is served");
  }

  Input input_;
  int running_ = 0;
  ServerOptions options_;
  testing::InProcess world_;
  std::unique_ptr<GrpcFrames> frames_;
  std::unique_ptr<RawPeer> peer_;
};

}  // namespace
}  // namespace weft::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  weft::set_log_level(weft::LogLevel::Off);
  weft::fuzz::ServerScript(weft::fuzz::Input(data, size)).run();
  return 0;
}
