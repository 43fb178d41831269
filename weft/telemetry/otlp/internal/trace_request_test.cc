#include "weft/telemetry/otlp/internal/trace_request.h"

#include <map>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/telemetry/otlp/internal/otlp_values.h"
#include "weft/telemetry/trace/span_setters.h"

#include "otlp_read.pb.h"

namespace weft::telemetry::internal {
namespace {

using namespace std::chrono_literals;

otlp_read::Span encoded(const SpanRecord& span) {
  const std::string resource = encode_resource({});
  TraceRequest request(resource, 1000s);
  request.add(span);
  otlp_read::TraceRequest read;
  EXPECT_TRUE(read.ParseFromString(request.finish().to_string()));
  EXPECT_EQ(read.resource_spans(0).scope_spans(0).scope().name(), "weft");
  return read.resource_spans(0).scope_spans(0).spans(0);
}

std::map<std::string, std::string> attributes_of(const otlp_read::Span& span) {
  std::map<std::string, std::string> all;
  for (const auto& one : span.attributes()) {
    const auto& value = one.value();
    all[one.key()] = value.has_string_value() ? value.string_value()
                     : value.has_bool_value() ? (value.bool_value() ? "true" : "false")
                     : value.has_int_value()  ? std::to_string(value.int_value())
                                              : std::to_string(value.double_value());
  }
  return all;
}

SpanRecord call() {
  static const std::string kMethod = "shop.Orders/Take";
  static const std::string kTarget = "dns:///orders:50051";
  SpanRecord span;
  span.trace_id.fill(1);
  span.span_id.fill(2);
  span.parent_id.fill(3);
  span.flags = TraceContext::kSampled;
  span.kind = SpanKind::Client;
  span.code = StatusCode::Ok;
  span.begun = TimePoint(5s);
  span.ended = TimePoint(7s);
  span.method = &kMethod;
  span.target = &kTarget;
  span.peer_host = "10.0.0.7";
  span.peer_port = 1234;
  return span;
}

TEST(TraceRequestTest, ACallHasTheConventionsAttributes) {
  const otlp_read::Span span = encoded(call());
  EXPECT_EQ(span.trace_id(), std::string(16, '\1'));
  EXPECT_EQ(span.span_id(), std::string(8, '\2'));
  EXPECT_EQ(span.parent_span_id(), std::string(8, '\3'));
  EXPECT_EQ(span.name(), "shop.Orders/Take");
  EXPECT_EQ(span.kind(), 3);
  EXPECT_EQ(span.start_time_unix_nano(), 1005'000'000'000U);
  EXPECT_EQ(span.end_time_unix_nano(), 1007'000'000'000U);
  EXPECT_EQ(span.flags(), 0x101U);
  EXPECT_FALSE(span.has_status());
  const std::map<std::string, std::string> expected = {{"network.peer.address", "10.0.0.7"},
                                                       {"network.peer.port", "1234"},
                                                       {"rpc.method", "shop.Orders/Take"},
                                                       {"rpc.response.status_code", "OK"},
                                                       {"rpc.system.name", "grpc"},
                                                       {"server.address", "orders"},
                                                       {"server.port", "50051"}};
  EXPECT_EQ(attributes_of(span), expected);
}

TEST(TraceRequestTest, ASpanHasTheStateOfItsTrace) {
  SpanRecord span = call();
  EXPECT_EQ(encoded(span).trace_state(), "");
  span.details = std::make_unique<SpanDetails>();
  EXPECT_EQ(encoded(span).trace_state(), "");
  span.details->state = TraceState::parse("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE").value();
  EXPECT_EQ(encoded(span).trace_state(), "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE");
}

TEST(TraceRequestTest, AFailureHasItsTypeAndMessage) {
  SpanRecord span = call();
  span.code = StatusCode::NotFound;
  span.status = SpanStatus::Error;
  span.details = std::make_unique<SpanDetails>();
  span.details->message = "no such book";
  const otlp_read::Span read = encoded(span);
  EXPECT_EQ(read.status().code(), 2);
  EXPECT_EQ(read.status().message(), "no such book");
  EXPECT_EQ(attributes_of(read)["error.type"], "NOT_FOUND");
}

TEST(TraceRequestTest, AnAttemptSaysSo) {
  SpanRecord span = call();
  span.is_attempt = true;
  span.previous_attempts = 2;
  span.lost_children = true;
  span.parent_is_remote = true;
  const otlp_read::Span read = encoded(span);
  EXPECT_EQ(read.name(), "Attempt.shop.Orders/Take");
  EXPECT_EQ(attributes_of(read)["previous-rpc-attempts"], "2");
  EXPECT_EQ(attributes_of(read)["weft.trace.incomplete"], "true");
  EXPECT_EQ(read.flags(), 0x301U);
}

TEST(TraceRequestTest, HasWhatAProgramAdds) {
  SpanRecord span;
  span.span_id.fill(2);
  span.details = std::make_unique<SpanDetails>();
  span.details->name = "work";
  add_attribute(*span.details, "n", std::int64_t{-3});
  add_attribute(*span.details, "x", 2.5);
  add_attribute(*span.details, "yes", true);
  add_event(*span.details, "packed", TimePoint(6s), {attribute("box", "small")});
  TraceContext other;
  other.trace_id.fill(8);
  other.span_id.fill(9);
  add_link(*span.details, other);
  span.details->dropped_attributes = 4;
  const otlp_read::Span read = encoded(span);
  EXPECT_EQ(read.name(), "work");
  EXPECT_EQ(read.kind(), 1);
  EXPECT_TRUE(read.parent_span_id().empty());
  EXPECT_EQ(attributes_of(read)["n"], "-3");
  EXPECT_EQ(attributes_of(read)["x"], "2.500000");
  EXPECT_EQ(attributes_of(read)["yes"], "true");
  EXPECT_EQ(read.events(0).name(), "packed");
  EXPECT_EQ(read.events(0).time_unix_nano(), 1006'000'000'000U);
  EXPECT_EQ(read.events(0).attributes(0).value().string_value(), "small");
  EXPECT_EQ(read.links(0).trace_id(), std::string(16, '\x8'));
  EXPECT_EQ(read.dropped_attributes_count(), 4U);
}

TEST(TraceRequestTest, TextThatIsNoUtf8IsMadeValid) {
  SpanRecord span;
  span.details = std::make_unique<SpanDetails>();
  span.details->name = "bad \xff\xfe name";
  EXPECT_EQ(encoded(span).name(), "bad \xEF\xBF\xBD\xEF\xBF\xBD name");
}

TEST(TraceRequestTest, LongTextsHaveTheirLength) {
  SpanRecord span;
  span.details = std::make_unique<SpanDetails>();
  add_attribute(*span.details, "long", std::string(100'000, 'x'));
  EXPECT_EQ(attributes_of(encoded(span))["long"].size(), 100'000U);
}

TEST(TraceRequestTest, TargetsWithoutAPortAreAddresses) {
  static const std::string kUnix = "unix:/run/shop.sock";
  SpanRecord span = call();
  span.target = &kUnix;
  const auto read = attributes_of(encoded(span));
  EXPECT_EQ(read.at("server.address"), kUnix);
  EXPECT_EQ(read.count("server.port"), 0U);
}

}  // namespace
}  // namespace weft::telemetry::internal
