// A program whose calls are traced, counted and exported as the environment says: traced_program
// [calls]. Prints what became of its spans, metrics and log lines, and how many milliseconds its
// end took.

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>

#include <google/protobuf/wrappers.pb.h>

#include "weft/coro/context_log.h"
#include "weft/net/run_blocking.h"
#include "weft/rpc/channel.h"
#include "weft/rpc/client/unary_call.h"
#include "weft/rpc/server.h"
#include "weft/rpc/server/handler.h"
#include "weft/telemetry/grpc.h"
#include "weft/telemetry/otlp.h"
#include "weft/telemetry/prometheus/text_writer.h"
#include "weft/telemetry/trace.h"

namespace {

using namespace weft;
using Text = google::protobuf::BytesValue;

constexpr MethodDescriptor kMethods[] = {{.name = "Echo", .path = "/test.Traced/Echo"}};
constexpr ServiceDescriptor kDescriptor{"test.Traced", kMethods, nullptr};

class Traced final : public ServiceDefinition {
 public:
  const ServiceDescriptor& descriptor() const noexcept override { return kDescriptor; }
  Task<Status> serve(std::size_t, Call& call) override {
    return rpc::serve_unary<&Traced::Echo>(call, *this);
  }
  Task<Result<Text>> Echo(ServerContext& context, const Text& request) {
    auto span = co_await telemetry::span("work");
    span.set("test.size", request.value().size());
    span.event("thought");
    log(context, LogLevel::Info, "echoed", {{"test.size", request.value().size()}});
    co_return request;
  }
};

Task<> call_all(Channel& channel, int count) {
  for (int i = 0; i < count; ++i) {
    Text request;
    request.set_value("x");
    const Result<Text> reply = co_await rpc::call_unary<Text>(channel, kMethods[0], request, {});
    if (!reply.ok()) std::cerr << reply.status() << '\n';
  }
}

/// How many lines of /metrics tell of the export: an outcome each, and whose they are.
int lines_of_metrics() {
  telemetry::TextWriter writer(telemetry::registry(), telemetry::TextFormat::Prometheus);
  std::string text;
  while (writer.write(text, 65536)) {
  }
  int count = 0;
  for (const std::string_view begin : {"\nweft_telemetry_spans_total{", "\ntarget_info{"}) {
    for (std::size_t at = text.find(begin); at != std::string::npos;
         at = text.find(begin, at + 1)) {
      ++count;
    }
  }
  return count;
}

std::uint64_t lost_of(const telemetry::ExportStats& stats) {
  return stats.rejected + stats.refused + stats.given_up + stats.dropped;
}

}  // namespace

int main(int argc, char** argv) {
  Result<telemetry::Exporter> exporter =
      telemetry::start({.service = "shop", .sampling = {.max_per_second = 0}});
  if (!exporter.ok()) {
    std::cerr << exporter.status() << '\n';
    return 1;
  }
  Server server{{.listen = "127.0.0.1:0"}};
  server.add<Traced>();
  server.add(telemetry::server_traces());
  server.add(telemetry::server_metrics());
  if (const Status status = server.start(); !status.ok()) {
    std::cerr << status << '\n';
    return 1;
  }
  {
    Channel channel("127.0.0.1:" + std::to_string(server.port()));
    channel.add(telemetry::client_traces(channel.target()));
    net::run_blocking(channel.blocking_loop(),
                      call_all(channel, argc > 1 ? std::atoi(argv[1]) : 10));
  }
  server.stop();
  const int lines = lines_of_metrics();
  const auto begun = std::chrono::steady_clock::now();
  exporter->stop();
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - begun);
  const telemetry::ExportStats spans = exporter->stats();
  const telemetry::ExportStats points = exporter->stats(telemetry::OtlpSignal::Metrics);
  const telemetry::ExportStats logs = exporter->stats(telemetry::OtlpSignal::Logs);
  std::cout << "{\"exported\": " << spans.exported << ", \"lost\": " << lost_of(spans)
            << ", \"requests\": " << spans.requests << ", \"points\": " << points.exported
            << ", \"lost_points\": " << lost_of(points) << ", \"logs\": " << logs.exported
            << ", \"lost_logs\": " << lost_of(logs) << ", \"lines\": " << lines
            << ", \"stop_ms\": " << took.count() << "}\n";
}
