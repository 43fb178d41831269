#pragma once

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "weft/telemetry/grpc/internal/test_world.h"
#include "weft/telemetry/trace/call_spans.h"
#include "weft/telemetry/trace/internal/active_span.h"
#include "weft/telemetry/trace/span.h"

namespace weft::telemetry::test {

/// A server and a channel whose calls are traced, in virtual time. The server's handler begins
/// spans by the process's tracer, so all do.
class TracedWorld : public ::testing::Test {
 public:
  explicit TracedWorld(World::Options options = {}) : world(std::move(options)) {
    world.in_process.add<Echo>();
  }
  ~TracedWorld() override {
    sample({.ratio = 0, .follow_parent = false});
    spans();
  }

  void trace_server(CallTracesOptions options = {}) {
    world.in_process.server().add(server_traces(options));
  }
  void trace_client(CallTracesOptions options = {}) {
    Channel& channel = world.in_process.channel();
    channel.add(client_traces(channel.target(), options));
  }
  static void sample(const Sampling& sampling) {
    EXPECT_EQ(tracer().set_sampling(sampling), ok_status());
  }
  /// What has ended since the last time.
  std::vector<SpanRecord> spans() {
    world.settle();
    std::vector<SpanRecord> all;
    tracer().drain(all);
    return all;
  }
  /// "server test.Kinds/Unary", "attempt test.Kinds/Unary", "work".
  static std::string name_of(const SpanRecord& span) {
    if (span.kind == SpanKind::Server) return "server " + std::string(span.name());
    if (span.is_attempt) return "attempt " + std::string(span.name());
    if (span.kind == SpanKind::Client) return "client " + std::string(span.name());
    return std::string(span.name());
  }
  std::vector<std::string> names() {
    std::vector<std::string> all;
    for (const SpanRecord& span : spans()) all.push_back(name_of(span));
    return all;
  }
  static TraceId id_of_sevens() {
    TraceId id;
    id.fill(7);
    return id;
  }
  /// Calls with a trace that came from elsewhere.
  Status call_under(std::uint8_t flags, std::string value = "ask",
                    const TraceId& id = id_of_sevens()) {
    Context context;
    context.trace().trace_id = id;
    context.trace().span_id.fill(9);
    context.trace().flags = flags;
    return world.in_process.run(World::unary(world.in_process.channel(), std::move(value)),
                                std::chrono::hours(1), &context);
  }

  World world;
};

}  // namespace weft::telemetry::test
