// Thrift's client: a thread for each connection. Its generated code sends and receives in two
// steps, so that calls can be under way at the same time and are answered in their order. Large
// messages take a connection each: with several of them on one, both sides may stand in a write.
#include <cstdio>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <thrift/protocol/TBinaryProtocol.h>
#include <thrift/transport/TBufferTransports.h>
#include <thrift/transport/TSocket.h>

#include "Echo.h"
#include "bench/client/load.h"
#include "bench/payload.h"

namespace {

using namespace apache::thrift;
using bench::Load;
using bench::Outcome;

constexpr std::size_t kLarge = 16 * 1024;

class Connection {
 public:
  explicit Connection(const bench::Plan& plan) {
    auto socket = std::make_shared<transport::TSocket>(plan.host(), plan.port());
    socket->setNoDelay(true);
    transport_ = std::make_shared<transport::TBufferedTransport>(socket);
    client_ = std::make_unique<perf::thrift_echo::EchoClient>(
        std::make_shared<protocol::TBinaryProtocol>(transport_));
    transport_->open();
    request_.payload = bench::payload_of(plan.bytes, plan.spin_micros);
  }

  bool try_out() {
    client_->Unary(reply_, request_);
    return reply_.payload == request_.payload;
  }
  void run(Load& load, std::size_t outstanding) {
    std::deque<bench::TimePoint> begun;
    const auto send = [&] {
      if (!load.running()) return;
      begun.push_back(bench::Clock::now());
      client_->send_Unary(request_);
    };
    for (std::size_t i = 0; i < outstanding; ++i) send();
    while (!begun.empty()) {
      client_->recv_Unary(reply_);
      load.done(begun.front(),
                reply_.payload.size() == request_.payload.size() ? Outcome::Ok : Outcome::Failed);
      begun.pop_front();
      send();
    }
  }

 private:
  std::shared_ptr<transport::TTransport> transport_;
  std::unique_ptr<perf::thrift_echo::EchoClient> client_;
  perf::thrift_echo::Msg request_;
  perf::thrift_echo::Msg reply_;
};

}  // namespace

int main(int argc, char* argv[]) {
  const bench::Plan plan = bench::read_plan("Calls perf.Echo with Thrift", argc, argv);
  if (plan.stream || plan.rate > 0) {
    std::fprintf(stderr, "thrift: neither streams nor an open loop\n");
    return 1;
  }
  const bool large = plan.bytes >= kLarge;
  const std::size_t count = large ? plan.connections * plan.outstanding : plan.connections;
  std::vector<std::unique_ptr<Connection>> connections;
  for (std::size_t i = 0; i < count; ++i) {
    connections.push_back(std::make_unique<Connection>(plan));
    if (!connections.back()->try_out()) {
      std::fprintf(stderr, "%s: not an echo\n", plan.target.c_str());
      return 1;
    }
  }
  Load load(plan);
  if (plan.calls != 0) load.conduct();
  std::vector<std::thread> threads;
  threads.reserve(connections.size());
  for (const auto& connection : connections) {
    threads.emplace_back([&] { connection->run(load, large ? 1 : plan.outstanding); });
  }
  if (plan.calls == 0) load.conduct();
  for (std::thread& thread : threads) thread.join();
  return load.finish();
}
