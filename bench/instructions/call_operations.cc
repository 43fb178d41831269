#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "weft/coro/scope.h"
#include "weft/http1/server/protocol.h"
#include "weft/middleware/attempts/fault_injection.h"
#include "weft/middleware/attempts/retry.h"
#include "weft/middleware/attempts/timeout.h"
#include "weft/middleware/limits/adaptive_limit.h"
#include "weft/middleware/limits/circuit_breaker.h"
#include "weft/middleware/limits/concurrency_limit.h"
#include "weft/middleware/limits/rate_limit.h"
#include "weft/middleware/limits/shed.h"
#include "weft/middleware/reports/load_report.h"
#include "weft/middleware/reuse/call_key.h"
#include "weft/net/loop/asio_loop.h"
#include "weft/rpc/client/channel.h"
#include "weft/rpc/server/server.h"
#include "weft/telemetry/grpc/client_metrics.h"
#include "weft/telemetry/grpc/server_metrics.h"
#include "weft/telemetry/trace/call_spans.h"
#include "weft/testing/run.h"

#include "bench/client/document.h"
#include "bench/client/production.h"
#include "bench/instructions/operation.h"
#include "echo.weft.h"

// Whole calls: a client and a server on one loop, connected through memory, so that nothing is
// counted of the kernel and every run is the same.

namespace bench {
namespace {

using perf::EchoClient;
using weft::Result;
using weft::Scope;
using weft::Task;

constexpr std::chrono::minutes kLimit{5};
constexpr unsigned kWorkers = 32;  // calls under way at a time

class Echo final : public perf::EchoService {
  Task<Result<perf::Msg>> Unary(weft::ServerContext& context, const perf::Msg& request) override {
    for (const auto entry : context.metadata()) {
      if (entry.name == "x-echo") context.trailers().add(entry.name, entry.value);
    }
    perf::Msg reply;
    reply.set_payload(request.payload());
    return reply;
  }
  Task<weft::Status> Stream(weft::ServerContext&, weft::Reader<perf::Msg>& requests,
                            weft::Writer<perf::Msg>& responses) override {
    perf::Msg message;
    for (;;) {
      const bool read = co_await requests.read(message);
      if (!read) break;
      const bool written = co_await responses.write(message);
      if (!written) break;
    }
    co_return weft::ok_status();
  }
};

void require(const weft::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.to_string().c_str());
  std::abort();
}

perf::Msg message_of(std::size_t bytes) {
  perf::Msg message;
  message.set_payload(std::string(bytes, 'x'));
  return message;
}

Task<> call(EchoClient client, perf::Msg request, weft::CallOptions options, unsigned times) {
  for (unsigned i = 0; i < times; ++i) {
    const Result<perf::Msg> reply = co_await client.Unary(request, options);
    require(reply.status());
  }
}

Task<> call_as_production(EchoClient client, unsigned times) {
  ProductionHeaders headers;
  weft::Metadata metadata;
  const weft::CallOptions options{.timeout = std::chrono::seconds(10), .metadata = &metadata};
  const perf::Msg request = message_of(64);
  for (unsigned i = 0; i < times; ++i) {
    headers.next();
    metadata.clear();
    headers.for_each([&metadata](auto name, auto value) { metadata.add(name, value); });
    const Result<perf::Msg> reply = co_await client.Unary(request, options);
    require(reply.status());
  }
}

Task<> exchange(EchoClient client, perf::Msg message, unsigned times) {
  auto stream = co_await client.Stream();
  for (unsigned i = 0; i < times; ++i) {
    const bool written = co_await stream.write(message);
    const bool read = co_await stream.read(message);
    if (!written || !read) break;
  }
  stream.half_close();
  const weft::Status status = co_await stream.finish();
  require(status);
}

template <class Work>
Task<> share_out(unsigned times, Work work) {
  Scope scope(co_await weft::current_context());
  for (unsigned i = 0; i < kWorkers; ++i) scope.spawn(work(times / kWorkers));
  co_await scope.join();
}

void add_nothing(weft::Server&, weft::Channel&) {}

/// Runs `work` with a client of a server on the same loop, joined by `address`. `set_up` gives both
/// their middlewares.
template <class Work, class SetUp = void (*)(weft::Server&, weft::Channel&)>
void in_one_loop(const char* address, unsigned times, Work work, SetUp set_up = add_nothing) {
  weft::net::AsioLoop loop;
  weft::Server server{{.listen = address, .loops = {&loop}}};
  weft::Channel channel(address);
  set_up(server, channel);
  server.add<Echo>();
  require(server.start());
  const EchoClient client(channel);
  weft::testing::run(loop, share_out(times, [&](unsigned share) { return work(client, share); }),
                     kLimit);
}

constexpr const char* kWithHttp2 = "memory:instructions";
constexpr const char* kInProcess = "inproc:instructions";

void unary(std::size_t bytes, const weft::CallOptions& options, unsigned times,
           const char* address = kWithHttp2) {
  in_one_loop(address, times, [&](const EchoClient& client, unsigned share) {
    return call(client, message_of(bytes), options, share);
  });
}

/// What a careful server has, none of which refuses anything here.
void add_ten_middlewares(weft::Server& server, weft::Channel&) {
  constexpr std::size_t kMany = 1'000'000;
  constexpr double kOften = 1e8;
  server.use(weft::load_report());
  server.use(weft::shed_by_priority({.limit = kMany}));
  server.use(weft::shed_by_deadline());
  server.use(weft::concurrency_limit(kMany));
  server.use(weft::adaptive_limit({.initial_limit = 1000}));
  server.use(weft::rate_limit({.rate = kOften, .burst = kOften}));
  server.use(weft::rate_limit({.rate = kOften, .burst = kOften, .key = weft::by_method()}));
  server.use(weft::circuit_breaker());
  server.use(weft::fault_injection({.abort_share = 1e-9}));
  server.use(weft::timeout(std::chrono::seconds(30)));
}

/// What a careful client has: calls that fail are tried again, as often as the budget allows.
void add_retries(weft::Server&, weft::Channel& channel) { channel.use(weft::retry()); }

/// Calls of gRPC on a port that speaks HTTP/1.1 too.
void add_http1(weft::Server& server, weft::Channel&) { server.add(weft::http1::protocol()); }

void add_observers(weft::Server& server, weft::Channel& channel) {
  server.add(std::make_shared<weft::Observer>());
  channel.add(std::make_shared<weft::Observer>());
}

void add_metrics(weft::Server& server, weft::Channel& channel) {
  server.add(weft::telemetry::server_metrics({.own = false}));
  channel.add(weft::telemetry::client_metrics(channel.target(), {.own = false}));
}

/// Gives each call of a channel a trace that came from elsewhere, another one each time: that is
/// what its headers cost.
class UnderTrace final : public weft::Observer {
 public:
  explicit UnderTrace(std::uint8_t flags) noexcept : flags_(flags) {}
  void on_begin(weft::Call& call) noexcept override {
    weft::TraceContext& trace = call.context().trace();
    ++number_;
    for (std::size_t i = 0; i < trace.span_id.size(); ++i) {
      trace.span_id[i] = static_cast<std::uint8_t>(number_ * 0x9e3779b97f4a7c15U >> (8 * i));
      trace.trace_id[i] = trace.trace_id[i + 8] = trace.span_id[i];
    }
    trace.flags = flags_;
  }

 private:
  const std::uint8_t flags_;
  std::uint64_t number_ = 0;  // of calls
};

void add_propagation(weft::Server& server, weft::Channel& channel) {
  server.add(std::make_shared<weft::Observer>());
  channel.add(std::make_shared<UnderTrace>(0));
  channel.add(std::make_shared<weft::Observer>());  // as many as add_traces() adds
}

/// `flags`: those of the trace that calls belong to.
void add_traces(weft::Server& server, weft::Channel& channel, std::uint8_t flags,
                const weft::telemetry::Sampling& sampling) {
  // Without an exporter: the queue has room for all spans of a run.
  static auto& tracer =
      *new weft::telemetry::Tracer({.queued_spans = 1'000'000, .queue_bytes = 1'000'000'000});
  require(tracer.set_sampling(sampling));
  server.add(weft::telemetry::server_traces({.tracer = &tracer}));
  channel.add(std::make_shared<UnderTrace>(flags));
  channel.add(weft::telemetry::client_traces(channel.target(), {.tracer = &tracer}));
}

void add_unsampled_traces(weft::Server& server, weft::Channel& channel) {
  add_traces(server, channel, 0, {.ratio = 0.01});
}

void add_held_traces(weft::Server& server, weft::Channel& channel) {
  add_traces(server, channel, 0, {.ratio = 0.01, .keep_errors = true});
}

void add_sampled_traces(weft::Server& server, weft::Channel& channel) {
  add_traces(server, channel, weft::TraceContext::kSampled, {});
}

void unary_with(void (*set_up)(weft::Server&, weft::Channel&), unsigned times) {
  in_one_loop(
      kWithHttp2, times,
      [](const EchoClient& client, unsigned share) {
        return call(client, message_of(64), {}, share);
      },
      set_up);
}

class Documents final : public perf::DocumentsService {
  Task<Result<perf::Document>> Echo(weft::ServerContext&, const perf::Document& request) override {
    return Result<perf::Document>(request);
  }
};

Task<> call_with_documents(weft::Channel& channel, unsigned times) {
  const perf::DocumentsClient client(channel);
  const perf::Document document = bench::document_of(1024);
  for (unsigned i = 0; i < times; ++i) {
    const Result<perf::Document> reply = co_await client.Echo(document);
    require(reply.status());
  }
}

constexpr std::array<Operation, 19> kOperations{{
    {"unary_64", [](unsigned times) { unary(64, {}, times); }},
    {"unary_1k", [](unsigned times) { unary(1024, {}, times); }},
    {"unary_64k", [](unsigned times) { unary(65536, {}, times); }},
    {"unary_deadline",
     [](unsigned times) { unary(64, {.timeout = std::chrono::seconds(10)}, times); }},
    {"unary_metadata",
     [](unsigned times) {
       weft::Metadata metadata;
       metadata.add("x-echo", "a value that comes back");
       metadata.add("x-tenant", "blue");
       unary(64, {.metadata = &metadata}, times);
     }},
    {"unary_ten_middlewares", [](unsigned times) { unary_with(add_ten_middlewares, times); }},
    {"unary_beside_http1", [](unsigned times) { unary_with(add_http1, times); }},
    {"unary_retries", [](unsigned times) { unary_with(add_retries, times); }},
    {"unary_observed", [](unsigned times) { unary_with(add_observers, times); }},
    {"unary_a66_metrics", [](unsigned times) { unary_with(add_metrics, times); }},
    {"unary_propagated", [](unsigned times) { unary_with(add_propagation, times); }},
    {"unary_traced_unsampled", [](unsigned times) { unary_with(add_unsampled_traces, times); }},
    {"unary_traced_held", [](unsigned times) { unary_with(add_held_traces, times); }},
    {"unary_traced_sampled", [](unsigned times) { unary_with(add_sampled_traces, times); }},
    {"unary_production",
     [](unsigned times) { in_one_loop(kWithHttp2, times, call_as_production); }},
    {"document_1k",
     [](unsigned times) {
       weft::Channel* of = nullptr;
       in_one_loop(
           kWithHttp2, times,
           [&of](const EchoClient&, unsigned share) { return call_with_documents(*of, share); },
           [&of](weft::Server& server, weft::Channel& channel) {
             server.add<Documents>();
             of = &channel;
           });
     }},
    {"stream_message",
     [](unsigned times) {
       in_one_loop(kWithHttp2, times, [](const EchoClient& client, unsigned share) {
         return exchange(client, message_of(64), share);
       });
     }},
    {"inproc_64", [](unsigned times) { unary(64, {}, times, kInProcess); }},
    {"inproc_message",
     [](unsigned times) {
       in_one_loop(kInProcess, times, [](const EchoClient& client, unsigned share) {
         return exchange(client, message_of(64), share);
       });
     }},
}};

}  // namespace

std::span<const Operation> call_operations() { return kOperations; }

}  // namespace bench
