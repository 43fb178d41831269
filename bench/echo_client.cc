// The client that the benchmark measures, written as a user of weft would write it: a coroutine for
// each call that is under way, a channel for each connection.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

#include "weft/coro/all.h"
#include "weft/coro/scope.h"
#include "weft/coro/semaphore.h"
#include "weft/middleware/attempts/retry.h"
#include "weft/net/loop/loop_thread.h"
#include "weft/rpc/client/channel.h"

#include "bench/client/document.h"
#include "bench/client/load.h"
#include "bench/client/production.h"
#include "bench/payload.h"
#include "echo.weft.h"

namespace {

using bench::Load;
using bench::Outcome;
using bench::Plan;
using perf::EchoClient;
using weft::Scope;
using weft::Task;
using Channels = std::vector<std::unique_ptr<weft::Channel>>;

perf::Msg message_of(const Plan& plan, std::uint32_t spin_micros) {
  perf::Msg message;
  message.set_payload(bench::payload_of(plan.bytes, spin_micros));
  return message;
}

weft::Duration timeout_of(const Plan& plan) {
  return plan.timeout_ms == 0 ? weft::kForever : std::chrono::milliseconds(plan.timeout_ms);
}

/// perf.Echo/Unary.
struct Messages {
  using Client = EchoClient;
  using Message = perf::Msg;
  static Message message(const Plan& plan) { return message_of(plan, plan.spin_micros); }
  static auto call(const Client& client, const Message& request, const weft::CallOptions& options) {
    return client.Unary(request, options);
  }
};

/// perf.Documents/Echo.
struct Documents {
  using Client = perf::DocumentsClient;
  using Message = perf::Document;
  static Message message(const Plan& plan) { return bench::document_of(plan.bytes); }
  static auto call(const Client& client, const Message& request, const weft::CallOptions& options) {
    return client.Echo(request, options);
  }
};

template <class Message>
Outcome outcome_of(const weft::Result<Message>& reply, const Message& request) {
  if (reply.ok()) return bench::same_size(*reply, request) ? Outcome::Ok : Outcome::Failed;
  switch (reply.status().code()) {
    case weft::StatusCode::ResourceExhausted:
    case weft::StatusCode::Unavailable:
      return Outcome::Refused;
    case weft::StatusCode::DeadlineExceeded:
      return Outcome::Late;
    default:
      return Outcome::Failed;
  }
}

/// One call after another.
template <class Calls>
Task<> call_on_and_on(typename Calls::Client client, Load& load) {
  using Message = typename Calls::Message;
  const Message request = Calls::message(load.plan());
  bench::ProductionHeaders headers;
  weft::Metadata metadata;
  weft::CallOptions options{.timeout = timeout_of(load.plan())};
  if (load.plan().production) options.metadata = &metadata;
  bench::TimePoint begun = bench::Clock::now();
  while (load.running()) {
    if (load.plan().production) {
      headers.next();
      metadata.clear();
      headers.for_each([&metadata](auto name, auto value) { metadata.add(name, value); });
    }
    const weft::Result<Message> reply = co_await Calls::call(client, request, options);
    begun = load.done(begun, outcome_of(reply, request));
  }
}

// ---- streams: one coroutine writes while another reads ------------------------------------------

using EchoStream = weft::ClientReaderWriter<perf::Msg, perf::Msg>;

/// What the two halves of a stream share: the messages under way and when they were sent.
struct UnderWay {
  explicit UnderWay(std::size_t messages) : room(messages), sent(messages), permits(messages) {}
  weft::Semaphore room;
  std::vector<bench::TimePoint> sent;
  std::vector<weft::Semaphore::Permit> permits;
};

Task<> write_on_and_on(EchoStream& stream, Load& load, UnderWay& under_way) {
  perf::Msg message = message_of(load.plan(), 0);
  bench::Sizes sizes(load.plan().bytes);
  for (std::size_t slot = 0; load.running(); slot = (slot + 1) % under_way.sent.size()) {
    weft::Result<weft::Semaphore::Permit> permit = co_await under_way.room.acquire();
    if (!permit.ok()) break;
    under_way.permits[slot] = std::move(*permit);
    if (load.plan().sizes_differ) message.mutable_payload()->resize(sizes.next());
    under_way.sent[slot] = bench::Clock::now();
    const bool written = co_await stream.write(message);
    if (!written) break;
  }
  stream.half_close();
}

Task<> read_on_and_on(EchoStream& stream, Load& load, UnderWay& under_way) {
  perf::Msg message;
  bench::Sizes sizes(load.plan().bytes);
  for (std::size_t slot = 0;; slot = (slot + 1) % under_way.sent.size()) {
    const bool read = co_await stream.read(message);
    if (!read) break;
    const std::size_t size = load.plan().sizes_differ ? sizes.next() : load.plan().bytes;
    load.done(under_way.sent[slot],
              message.payload().size() == size ? Outcome::Ok : Outcome::Failed);
    under_way.permits[slot].release();
  }
}

Task<> stream_on_and_on(EchoClient client, Load& load) {
  auto stream = co_await client.Stream();
  UnderWay under_way(load.plan().messages);
  Task<> write = write_on_and_on(stream, load, under_way);
  Task<> read = read_on_and_on(stream, load, under_way);
  co_await weft::all(std::move(write), std::move(read));
  const weft::Status status = co_await stream.finish();
  if (!status.ok()) std::fprintf(stderr, "stream: %s\n", status.to_string().c_str());
}

// ---- open loop: calls begin when they are due ---------------------------------------------------

/// What the calls of an open loop are made of.
struct OpenLoop {
  explicit OpenLoop(Load& given)
      : load(given),
        usual(message_of(given.plan(), given.plan().spin_micros)),
        slow(message_of(given.plan(), given.plan().slow_micros)),
        timeout(timeout_of(given.plan())) {}
  Load& load;
  const perf::Msg usual;
  const perf::Msg slow;
  const weft::Duration timeout;
};

Task<> call_once(EchoClient client, OpenLoop& open, bench::TimePoint due, bool slow) {
  const perf::Msg& request = slow ? open.slow : open.usual;
  open.load.starts(due);
  const weft::Result<perf::Msg> reply = co_await client.Unary(request, {.timeout = open.timeout});
  open.load.done(due, outcome_of(reply, request), slow);
}

/// Begins the calls that are due, so many at most that those before them get on as well.
template <class Spawn>
void begin_due(bench::Pace& pace, const Spawn& spawn) {
  constexpr int kMostAtOnce = 32;
  for (int begun = 0; begun < kMostAtOnce && pace.due() <= bench::Clock::now(); ++begun) {
    const bench::TimePoint due = pace.due();
    spawn(due, pace.take());
  }
}

Task<> call_when_due(const Channels& channels, Load& load, std::size_t share, std::size_t shares) {
  OpenLoop open(load);
  bench::Pace pace(load.plan(), share, shares);
  Scope scope(co_await weft::current_context());
  std::size_t turn = 0;
  while (load.running()) {
    begin_due(pace, [&](bench::TimePoint due, bool slow) {
      scope.spawn(call_once(EchoClient(*channels[turn++ % channels.size()]), open, due, slow));
    });
    // A client that is too slow for the rate has its next call due already: it gives its loop a
    // turn.
    const bench::TimePoint next_turn = bench::Clock::now() + std::chrono::microseconds(1);
    const weft::Status woken = co_await weft::net::sleep_until(std::max(pace.due(), next_turn));
    if (!woken.ok()) break;
  }
  co_await scope.join();
}

// ---- the run ------------------------------------------------------------------------------------

/// What one of the calls or streams under way does, time and again.
Task<> go_on_and_on(weft::Channel& channel, Load& load) {
  if (load.plan().stream) return stream_on_and_on(EchoClient(channel), load);
  if (load.plan().document) {
    return call_on_and_on<Documents>(perf::DocumentsClient(channel), load);
  }
  return call_on_and_on<Messages>(EchoClient(channel), load);
}

/// Everything that one loop does.
Task<> drive(const Channels& channels, Load& load, std::size_t share, std::size_t shares) {
  const Plan& plan = load.plan();
  if (plan.rate > 0) {
    co_await call_when_due(channels, load, share, shares);
    co_return;
  }
  Scope scope(co_await weft::current_context());
  for (const auto& channel : channels) {
    for (std::size_t i = 0; i < plan.outstanding; ++i) scope.spawn(go_on_and_on(*channel, load));
  }
  co_await scope.join();
}

/// Connects, and looks whether the answer is right before anything is timed.
Task<weft::Status> try_out(const Channels& channels, const Plan& plan) {
  const perf::Msg request = message_of(plan, 0);
  for (const auto& channel : channels) {
    const EchoClient client(*channel);
    const weft::Result<perf::Msg> reply = co_await client.Unary(request, {.wait_for_ready = true});
    if (!reply.ok()) co_return reply.status();
    if (reply->payload() != request.payload()) co_return weft::internal_error("not an echo");
  }
  co_return weft::ok_status();
}

weft::Compression compression_of(const Plan& plan) {
  if (plan.compression.empty()) return weft::Compression::Identity;
  return plan.compression == "zstd" ? weft::Compression::Zstd : weft::Compression::Gzip;
}

Channels connections_of(const Plan& plan, std::size_t share, std::size_t shares) {
  weft::ChannelOptions options;
  options.compression = compression_of(plan);
  options.max_connections = 1;
  options.max_receive_size = std::max(options.max_receive_size, plan.bytes + 1024);
  if (!plan.tls_ca.empty()) {
    options.tls.emplace();
    options.tls->ca = plan.tls_ca;
    options.tls->server_name = "localhost";
  }
  Channels channels;
  for (std::size_t i = share; i < plan.connections; i += shares) {
    channels.push_back(std::make_unique<weft::Channel>(plan.instances_behind("static:"), options));
    if (plan.retries) channels.back()->use(weft::retry());
  }
  return channels;
}

}  // namespace

int main(int argc, char* argv[]) {
  const Plan plan = bench::read_plan("Calls perf.Echo with weft", argc, argv);
  Load load(plan);
  const std::size_t threads = std::min(plan.threads, plan.connections);
  const weft::net::LoopOptions loop_options{.poll_spin =
                                                std::chrono::microseconds(plan.poll_micros)};
  weft::net::LoopPool loops(threads, "weft-loop", loop_options);
  std::vector<Channels> channels;
  for (std::size_t i = 0; i < threads; ++i) {
    channels.push_back(connections_of(plan, i, threads));
    const weft::Status status = weft::net::run_blocking(loops.at(i), try_out(channels[i], plan));
    if (!status.ok()) {
      std::fprintf(stderr, "%s: %s\n", plan.target.c_str(), status.to_string().c_str());
      return 1;
    }
  }
  if (plan.calls != 0) load.conduct();
  std::vector<std::thread> drivers;
  for (std::size_t i = 0; i < threads; ++i) {
    drivers.emplace_back(
        [&, i] { weft::net::run_blocking(loops.at(i), drive(channels[i], load, i, threads)); });
  }
  if (plan.calls == 0) load.conduct();
  for (std::thread& driver : drivers) driver.join();
  return load.finish();
}
