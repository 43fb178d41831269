#include "weft/telemetry/otlp/internal/trace_request.h"

#include <algorithm>
#include <string_view>

#include "weft/telemetry/otlp/internal/otlp_values.h"
#include "weft/telemetry/otlp/internal/proto_writer.h"

// Numbers of fields: opentelemetry-proto 1.3, trace/v1.

namespace weft::telemetry::internal {
namespace {

// Span.flags: W3C's flags, and what is known of the parent.
constexpr std::uint32_t kParentKnown = 0x100;
constexpr std::uint32_t kParentRemote = 0x200;

void write_text(ProtoWriter& out, std::string_view key, std::string_view value) {
  write_attribute(out, 9, key, value);
}

void write_number(ProtoWriter& out, std::string_view key, std::uint64_t value) {
  out.message(9, [&] {
    out.text(1, key);
    out.message(2, [&] { out.varint(3, value); });
  });
}

void write_count(ProtoWriter& out, std::uint32_t field, std::uint32_t count) {
  if (count != 0) out.varint(field, count);
}

/// server.address and server.port of "dns:///greeter:50051".
void write_target(ProtoWriter& out, std::string_view target) {
  if (const std::size_t path = target.rfind('/');
      path != std::string_view::npos && !target.starts_with("unix:")) {
    target.remove_prefix(path + 1);
  }
  const std::size_t colon = target.rfind(':');
  const std::string_view port =
      colon == std::string_view::npos ? std::string_view() : target.substr(colon + 1);
  const bool has_port =
      !port.empty() && port.size() <= 5 &&
      std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
  write_text(out, "server.address", has_port ? target.substr(0, colon) : target);
  if (!has_port) return;
  std::uint64_t number = 0;
  for (const char digit : port) number = number * 10 + static_cast<std::uint64_t>(digit - '0');
  write_number(out, "server.port", number);
}

/// OpenTelemetry's semantic conventions of gRPC.
void write_call(ProtoWriter& out, const SpanRecord& span) {
  if (span.code) {
    write_text(out, "rpc.system.name", "grpc");
    if (span.method != nullptr) write_text(out, "rpc.method", *span.method);
    write_text(out, "rpc.response.status_code", name_of(*span.code));
    if (span.status == SpanStatus::Error) write_text(out, "error.type", name_of(*span.code));
  }
  if (span.target != nullptr) write_target(out, *span.target);
  if (!span.peer_host.empty()) {
    write_text(out, "network.peer.address", span.peer_host);
    if (span.peer_port != 0) write_number(out, "network.peer.port", span.peer_port);
  }
  // gRFC A72.
  if (span.is_attempt) write_number(out, "previous-rpc-attempts", span.previous_attempts);
  if (span.lost_children) {
    out.message(9, [&] {
      out.text(1, "weft.trace.incomplete");
      out.message(2, [&] { out.varint(2, 1); });
    });
  }
}

void write_event(ProtoWriter& out, const SpanEvent& event, Duration to_wall) {
  out.message(11, [&] {
    out.fixed64(1, static_cast<std::uint64_t>((event.at.time_since_epoch() + to_wall).count()));
    out.text(2, event.name);
    for (const Attribute& one : event.attributes) write_attribute(out, 3, one);
  });
}

void write_link(ProtoWriter& out, const TraceContext& link) {
  out.message(13, [&] {
    out.bytes(1, view_of(link.trace_id));
    out.bytes(2, view_of(link.span_id));
    if (!link.state.empty()) out.text(3, link.state.text());
    out.fixed32(6, link.flags & (TraceContext::kSampled | TraceContext::kRandomTraceId));
  });
}

void write_details(ProtoWriter& out, const SpanDetails& details, Duration to_wall) {
  for (const Attribute& one : details.attributes) write_attribute(out, 9, one);
  write_count(out, 10, details.dropped_attributes);
  for (const SpanEvent& one : details.events) write_event(out, one, to_wall);
  write_count(out, 12, details.dropped_events);
  for (const TraceContext& one : details.links) write_link(out, one);
  write_count(out, 14, details.dropped_links);
}

std::uint32_t flags_of(const SpanRecord& span) noexcept {
  return span.flags | kParentKnown | (span.parent_is_remote ? kParentRemote : 0);
}

}  // namespace

void TraceRequest::add(const SpanRecord& span) {
  ++count_;
  const auto wall = [this](TimePoint time) {
    return static_cast<std::uint64_t>((time.time_since_epoch() + to_wall_).count());
  };
  ProtoWriter out(spans_);
  out.message(2, [&] {
    out.bytes(1, view_of(span.trace_id));
    out.bytes(2, view_of(span.span_id));
    if (span.details != nullptr && !span.details->state.empty()) {
      out.text(3, span.details->state.text());
    }
    if (span.parent_id != SpanId{}) out.bytes(4, view_of(span.parent_id));
    out.text(5, span.is_attempt ? "Attempt." + std::string(span.name()) : std::string(span.name()));
    out.varint(6, static_cast<std::uint64_t>(span.kind));
    out.fixed64(7, wall(span.begun));
    out.fixed64(8, wall(span.ended));
    write_call(out, span);
    if (span.details != nullptr) write_details(out, *span.details, to_wall_);
    if (span.status != SpanStatus::Unset) {
      out.message(15, [&] {
        if (span.details != nullptr && !span.details->message.empty()) {
          out.text(2, span.details->message);
        }
        out.varint(3, static_cast<std::uint64_t>(span.status));
      });
    }
    out.fixed32(16, flags_of(span));
  });
}

Bytes TraceRequest::finish() const { return enclose(resource_, spans_.view()); }

}  // namespace weft::telemetry::internal
