// A run of the load generator ends in time, whatever the server does.

#include <optional>
#include <string>

#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include "weft/net/loop/loop.h"
#include "weft/rpc/server/handler.h"
#include "weft/testing/in_process.h"

#include "tools/weft/bench/load/load_worker.h"
#include "tools/weft/bench/test_schema.h"

namespace weft::cli::bench {
namespace {

using namespace std::chrono_literals;
using weft::testing::InProcess;
enum class Harm : std::uint8_t {
  Silent,         // reads nothing, answers nothing, never ends
  ReadsSilently,  // reads everything, answers nothing, never ends
  Floods,         // answers without end, whatever is asked
  EndsAtOnce,     // OK before anything
  FailsAtOnce,
};

/// Treats calls of every kind alike.
class Hostile final : public ServiceDefinition {
 public:
  const ServiceDescriptor& descriptor() const noexcept override { return kDescriptor; }
  Task<Status> serve(std::size_t, Call& call) override {
    return rpc::serve_bidi_streaming(call, *this, &Hostile::treat);
  }
  Task<Status> treat(ServerContext&, Reader<Text>& reader, Writer<Text>& writer) {
    Text text;
    if (harm == Harm::EndsAtOnce) co_return ok_status();
    if (harm == Harm::FailsAtOnce) co_return aborted("no");
    if (harm == Harm::ReadsSilently) {
      while (co_await reader.read(text)) {
      }
    }
    text.set_value(std::string(1000, 'x'));
    while (harm == Harm::Floods) {
      const bool written = co_await writer.write(text);
      if (!written) co_return writer.status();
    }
    co_return co_await net::sleep(kForever);
  }

  Harm harm = Harm::Silent;
};

class HostileServer : public ::testing::Test {
 protected:
  HostileServer() {
    hostile_ = &world_.add<Hostile>();
    world_.start();
    plan_.target = "server:" + std::to_string(InProcess::kPort);
    plan_.connections = 2;
    plan_.streams = 3;
    plan_.duration = 200ms;
  }

  /// How long a run takes.
  Duration run(const std::string& method, bool message_streams) {
    plan_.message_streams = message_streams;
    const Schema schema = test_schema();
    const Result<CallMix> mix = CallMix::create(schema, shares({"test.Kinds/" + method}), {});
    EXPECT_TRUE(mix.ok()) << mix.status().to_string();
    std::optional<LoadWorker> worker;
    world_.client_host().enter([&] { worker.emplace(world_.client_host(), *mix, plan_); });
    const TimePoint began = world_.now();
    world_.run(worker->run(began), 30s);
    const Duration took = world_.now() - began;
    world_.client_host().enter([&] { worker.reset(); });
    return took;
  }

  // A flood takes what the line has.
  InProcess world_{{.link = {.latency = 1ms, .jitter = 0ns, .bandwidth = 50'000}}};
  Hostile* hostile_ = nullptr;
  LoadPlan plan_;
};

TEST_F(HostileServer, DoesNotKeepARunBeyondTheDrain) {
  for (const Harm harm :
       {Harm::Silent, Harm::ReadsSilently, Harm::Floods, Harm::EndsAtOnce, Harm::FailsAtOnce}) {
    hostile_->harm = harm;
    for (const bool message_streams : {false, true}) {
      for (const char* method : {"Unary", "Collect", "Expand", "Chat"}) {
        // What has no stream has no messages on one.
        if (message_streams && std::string(method) == "Unary") continue;
        SCOPED_TRACE(std::string(method) + (message_streams ? " --stream, harm " : ", harm ") +
                     std::to_string(static_cast<int>(harm)));
        EXPECT_LE(run(method, message_streams), plan_.duration + kDrain + 100ms);
      }
    }
  }
}

/// Moves the clock on in the turn at `when`, before the lanes that go on in it.
Task<> work_at(net::SimLoop& loop, TimePoint when, Duration work) {
  static_cast<void>(co_await net::sleep_until(when));
  loop.work(work);
}

Task<> run_and_work(LoadWorker& worker, net::SimLoop& loop, TimePoint from, Duration last) {
  Scope scope(nullptr);
  scope.spawn(work_at(loop, from + last, 20ms));
  co_await worker.run(from);
  co_await scope.join();
}

TEST_F(HostileServer, ThatIsGoneAtTheEndFreesItsLane) {
  // Connections fail at once, and lanes go on every 10 ms: nothing that one does between two of its
  // pauses waits for anything. In the last turn before the end the clock passes the end, and the
  // timer that says so cannot expire.
  plan_.target = "server:1";
  plan_.message_streams = true;
  const Schema schema = test_schema();
  const Result<CallMix> mix = CallMix::create(schema, shares({"test.Kinds/Chat"}), {});
  ASSERT_TRUE(mix.ok()) << mix.status().to_string();
  net::SimLoop& client = world_.client_host();
  for (Duration last = 190ms; last < 200ms; last += 1ms) {
    std::optional<LoadWorker> worker;
    client.enter([&] { worker.emplace(client, *mix, plan_); });
    const TimePoint began = world_.now();
    world_.run(run_and_work(*worker, client, began, last), 30s);
    EXPECT_LE(world_.now() - began, plan_.duration + 100ms);
    client.enter([&] { worker.reset(); });
  }
}

}  // namespace
}  // namespace weft::cli::bench
