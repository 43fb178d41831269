#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "weft/codec/compression.h"
#include "weft/coro/event.h"
#include "weft/http1/server/protocol.h"
#include "weft/rpc/grpc/google_status.h"
#include "weft/rpc/http/http_handler.h"
#include "weft/rpc/server/handler.h"
#include "weft/rpc/server/server.h"

#include "otlp_read.pb.h"

namespace weft::telemetry::test {

/// A collector by script, for OTLP over HTTP and over gRPC on one server: each request gets the
/// next answer, and success beyond. One that hangs answers never.
class FakeCollector final : public rpc::HttpHandler, public ServiceDefinition {
 public:
  struct Answer {
    int http = 200;
    Status grpc{};
    std::string body{};
    std::string retry_after{};
    bool hangs = false;
  };

  static void add_to(Server& server, const std::shared_ptr<FakeCollector>& collector) {
    server.add(std::shared_ptr<rpc::HttpHandler>(collector));
    server.add(http1::protocol());
    server.add(std::shared_ptr<ServiceDefinition>(collector));
  }

  void answer(Answer next) { script_.push_back(std::move(next)); }
  /// A body that takes all but some.
  static std::string partial(std::int64_t rejected, const std::string& message) {
    otlp_read::TraceResponse response;
    response.mutable_partial_success()->set_rejected_spans(rejected);
    response.mutable_partial_success()->set_error_message(message);
    return response.SerializeAsString();
  }

  const std::vector<otlp_read::TraceRequest>& requests() const noexcept { return traces_; }
  const std::vector<otlp_read::MetricsRequest>& metrics() const noexcept { return metrics_; }
  const std::vector<otlp_read::LogsRequest>& logs() const noexcept { return logs_; }
  std::vector<std::string> span_names() const {
    std::vector<std::string> names;
    for (const auto& request : traces_) {
      for (const auto& span : request.resource_spans(0).scope_spans(0).spans()) {
        names.push_back(span.name());
      }
    }
    return names;
  }
  const std::string& last_authorization() const noexcept { return authorization_; }
  const std::string& last_path() const noexcept { return path_; }

  // rpc::HttpHandler
  bool takes(const rpc::HttpHead& head) const override { return head.method == "POST"; }
  Task<> serve(rpc::HttpExchange& exchange) override {
    path_ = exchange.head().path;
    authorization_ = exchange.head().field("authorization");
    const bool packed = exchange.head().field("content-encoding") == "gzip";
    std::string body;
    for (;;) {
      const std::optional<Message> part = co_await exchange.content().read();
      if (!part) break;
      body += part->bytes().view();
    }
    if (packed) body = codec::decompress(Compression::Gzip, body, 1 << 26).value().to_string();
    take(body, path_);
    const Answer next = next_answer();
    if (next.hangs) static_cast<void>(co_await never_.wait());
    if (!next.retry_after.empty()) {
      static_cast<void>(exchange.begin(next.http, {{"retry-after", next.retry_after}}));
      static_cast<void>(exchange.end());
      co_return;
    }
    static_cast<void>(co_await exchange.respond(next.http, "application/x-protobuf", next.body));
  }

  // ServiceDefinition
  const ServiceDescriptor& descriptor() const noexcept override {
    static constexpr MethodDescriptor kMethods[] = {
        {.name = "Traces", .path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"},
        {.name = "Metrics",
         .path = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"},
        {.name = "Logs", .path = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"}};
    static constexpr ServiceDescriptor kService{"opentelemetry.proto.collector", kMethods, nullptr};
    return kService;
  }
  Task<Status> serve(std::size_t method, Call& call) override {
    if (method == 0) return rpc::serve_unary<&FakeCollector::Traces>(call, *this);
    if (method == 1) return rpc::serve_unary<&FakeCollector::Metrics>(call, *this);
    return rpc::serve_unary<&FakeCollector::Logs>(call, *this);
  }
  Task<Result<otlp_read::TraceResponse>> Traces(ServerContext& context,
                                                const otlp_read::TraceRequest& request) {
    traces_.push_back(request);
    return answer(context);
  }
  Task<Result<otlp_read::TraceResponse>> Metrics(ServerContext& context,
                                                 const otlp_read::MetricsRequest& request) {
    metrics_.push_back(request);
    return answer(context);
  }

  Task<Result<otlp_read::TraceResponse>> Logs(ServerContext& context,
                                              const otlp_read::LogsRequest& request) {
    logs_.push_back(request);
    return answer(context);
  }

 private:
  template <class Request>
  static void keep(const std::string& body, std::vector<Request>& all) {
    EXPECT_TRUE(all.emplace_back().ParseFromString(body));
  }
  void take(const std::string& body, std::string_view path) {
    if (path.ends_with("metrics")) return keep(body, metrics_);
    if (path.ends_with("logs")) return keep(body, logs_);
    keep(body, traces_);
  }
  Task<Result<otlp_read::TraceResponse>> answer(ServerContext& context) {
    if (const auto value = context.metadata().get("authorization")) authorization_ = *value;
    const Answer next = next_answer();
    if (next.hangs) static_cast<void>(co_await never_.wait());
    if (!next.grpc.ok()) co_return next.grpc;
    otlp_read::TraceResponse response;
    EXPECT_TRUE(response.ParseFromString(next.body));
    co_return response;
  }
  Answer next_answer() {
    if (script_.empty()) return {};
    Answer next = std::move(script_.front());
    script_.pop_front();
    return next;
  }

  std::deque<Answer> script_;
  std::vector<otlp_read::TraceRequest> traces_;
  std::vector<otlp_read::MetricsRequest> metrics_;
  std::vector<otlp_read::LogsRequest> logs_;
  std::string authorization_;
  std::string path_;
  Event never_;
};

}  // namespace weft::telemetry::test
