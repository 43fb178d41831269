// A channel in a simulated network under a scripted server: whatever the server does, each call
// ends with a status, and nothing is left behind.

#include <memory>
#include <string>
#include <vector>

#include "weft/base/log.h"
#include "weft/net/sim_loop.h"
#include "weft/rpc/channel.h"
#include "weft/rpc/internal/test_service.h"

#include "tests/fuzz/grpc_frames.h"
#include "tests/fuzz/raw_peer.h"

namespace weft::fuzz {
namespace {

using namespace std::chrono_literals;
using rpc::test::Text;

ChannelOptions options_from(Input& input) {
  ChannelOptions options;
  if (input.flip()) options.max_receive_size = 1000;
  if (input.flip()) options.max_metadata_size = 500;
  if (input.flip()) options.stream_window = 100;
  if (input.flip()) options.max_window = 0;
  if (input.rarely(4)) options.keepalive_time = 100ms;
  if (input.rarely(4)) options.idle_timeout = 100ms;
  if (input.rarely(4)) options.compression = Compression::Gzip;
  options.keepalive_timeout = 100ms;
  options.initial_backoff = 20ms;
  options.connect_timeout = 200ms;
  return options;
}

http2::SessionOptions session_of(const ChannelOptions& options) {
  http2::SessionOptions session;
  session.role = http2::Role::Client;
  session.local.initial_window_size = options.stream_window;
  session.local.max_frame_size = 64 * 1024;
  session.connection_window = options.connection_window;
  session.max_window = options.max_window;
  return session;
}

Task<Status> unary_call(Channel& channel, CallOptions options, std::size_t size) {
  const Text request = rpc::test::text(std::string(size, 'u'));
  const Result<Text> reply = co_await rpc::test::unary(channel, request, options);
  co_return reply.status();
}

Task<Status> chat_call(Channel& channel, CallOptions options, std::size_t size) {
  auto stream = co_await rpc::test::chat(channel, options);
  for (int i = 0; i < 3; ++i) {
    const Text message = rpc::test::text(std::string(size, 'c'));
    if (!co_await stream.write(message)) break;
    const std::optional<Text> echo = co_await stream.read();
    if (!echo) break;
  }
  co_return co_await stream.finish();
}

Task<Status> collect_call(Channel& channel, CallOptions options, std::size_t size) {
  auto stream = co_await rpc::test::collect(channel, options);
  for (int i = 0; i < 3; ++i) {
    const Text message = rpc::test::text(std::string(size, 'p'));
    if (!co_await stream.write(message)) break;
  }
  const Result<Text> reply = co_await stream.finish();
  co_return reply.status();
}

Task<Status> expand_call(Channel& channel, CallOptions options, std::size_t size) {
  const Text request = rpc::test::text("e");
  auto stream = co_await rpc::test::expand(channel, request, options);
  while (const std::optional<Text> part = co_await stream.read()) {
    if (size % 2 == 1) co_return cancelled("left early");
  }
  co_return co_await stream.finish();
}

class ClientScript {
 public:
  explicit ClientScript(Input input) : input_(input), options_(options_from(input_)), network_(1) {
    net::SimLoop& host = network_.host("server");
    auto listener = host.listen(
        net::Address::memory("server", 1), {},
        [this](std::unique_ptr<net::Accepted> accepted) { accept(std::move(accepted)); });
    require(listener.ok(), "the scripted server listens");
    listener_ = std::move(*listener);
    channel_ = std::make_unique<Channel>("server:1", options_);
  }
  void run() {
    while (!input_.empty()) step();
    finish();
  }

 private:
  struct Running {
    explicit Running(Task<Status> call) : task(std::move(call)) {}
    Task<Status> task;
    int ends = 0;
  };

  net::SimLoop& client() { return network_.host("client"); }

  void accept(std::unique_ptr<net::Accepted> accepted) {
    net::SimLoop& host = network_.host("server");
    frames_ = std::make_unique<GrpcFrames>(input_, http2::Role::Client);
    peers_.push_back(std::make_unique<RawPeer>(accepted->bind_to(host), session_of(options_)));
    peers_.back()->send_greeting(frames_->greeting());
  }

  void step() {
    static constexpr Duration kTimes[] = {0ms, 1ms, 3ms, 60ms, 250ms};
    RawPeer* peer = peers_.empty() ? nullptr : peers_.back().get();
    switch (input_.below(16)) {
      case 0:
      case 1:
        return begin_call();
      case 2:
      case 3:
      case 4:
        network_.run_for(input_.one_of(kTimes));
        return;
      case 5:
        if (peer == nullptr) return;
        if (input_.rarely(16)) peer->shutdown_write();
        if (input_.rarely(16)) peer->close();
        if (input_.rarely(32)) peer->send_rubbish(frames_->rubbish());
        return peer->set_reading(input_.below(4) != 0);
      default:
        if (peer == nullptr || peer->ended()) return network_.run_for(input_.one_of(kTimes));
        frames_->may_answer(peer->highest_id());
        return peer->send(frames_->next());
    }
  }

  void begin_call() {
    if (calls_.size() == 40) return;
    static constexpr Duration kTimeouts[] = {0ms, 1ms, 50ms, 1s, 10s};
    static constexpr std::size_t kSizes[] = {0, 1, 500, 70000};
    const std::size_t kind = input_.below(4);
    const CallOptions options{.timeout = input_.one_of(kTimeouts), .wait_for_ready = input_.flip()};
    const std::size_t size = input_.one_of(kSizes);
    calls_.push_back(std::make_unique<Running>(kind == 0   ? unary_call(*channel_, options, size)
                                               : kind == 1 ? chat_call(*channel_, options, size)
                                               : kind == 2
                                                   ? collect_call(*channel_, options, size)
                                                   : expand_call(*channel_, options, size)));
    Running& call = *calls_.back();
    client().enter([&] {
      call.task.start(nullptr,
                      {.function = [](void* it) noexcept { ++static_cast<Running*>(it)->ends; },
                       .argument = &call});
    });
  }

  void finish() {
    for (const auto& peer : peers_) peer->set_reading(true);
    network_.run_for(30s);  // above every timeout
    for (const auto& call : calls_) {
      require(call->ends == 1, "every call ends once, by its deadline at the latest");
      static_cast<void>(call->task.take());
    }
    calls_.clear();
    channel_.reset();
    peers_.clear();
    listener_.reset();
    require(network_.run_until_idle(), "nothing goes on when everything is gone");
    require(network_.connections() == 0, "no connection is left");
  }

  Input input_;
  ChannelOptions options_;
  net::SimNetwork network_;
  std::unique_ptr<net::Listener> listener_;
  std::unique_ptr<GrpcFrames> frames_;
  std::vector<std::unique_ptr<RawPeer>> peers_;
  std::unique_ptr<Channel> channel_;
  std::vector<std::unique_ptr<Running>> calls_;
};

}  // namespace
}  // namespace weft::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  weft::set_log_level(weft::LogLevel::Off);
  weft::fuzz::ClientScript(weft::fuzz::Input(data, size)).run();
  return 0;
}
