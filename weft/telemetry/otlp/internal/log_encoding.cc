#include "weft/telemetry/otlp/internal/log_encoding.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>
#include <variant>

#include "weft/base/log/log_value.h"
#include "weft/base/text/text_cut.h"
#include "weft/telemetry/otlp/internal/otlp_values.h"
#include "weft/telemetry/otlp/internal/proto_writer.h"

// Numbers of fields: opentelemetry-proto 1.3, logs/v1.

namespace weft::telemetry::internal {
namespace {

constexpr std::string_view kComponent = "weft.component";

struct Severity {
  std::uint64_t number;  // OpenTelemetry's log data model, "SeverityNumber"
  std::string_view text;
};
constexpr std::array<Severity, 6> kSeverities{
    {{1, "TRACE"}, {5, "DEBUG"}, {9, "INFO"}, {13, "WARN"}, {17, "ERROR"}, {0, ""}}};

const Severity& severity_of(LogLevel level) noexcept {
  return kSeverities[std::min(static_cast<std::size_t>(level), kSeverities.size() - 1)];
}

std::string cut(std::string_view text, std::size_t limit) {
  const std::string_view shown = utf8_prefix(text, limit);
  std::string made(shown);
  if (shown.size() == text.size()) return made;
  return made.append("... (" + std::to_string(shown.size()) + " of " + std::to_string(text.size()) +
                     " bytes)");
}

/// Writes the value of an attribute: the fields of AnyValue.
struct ValueWriter {
  ProtoWriter& out;
  void operator()(std::string_view text) const { out.text(1, cut(text, kMostLogValue)); }
  void operator()(bool flag) const { out.varint(2, flag ? 1 : 0); }
  void operator()(std::int64_t number) const { out.varint(3, static_cast<std::uint64_t>(number)); }
  void operator()(std::uint64_t number) const {
    // AnyValue has no unsigned numbers.
    if (number > INT64_MAX) return out.text(1, std::to_string(number));
    out.varint(3, number);
  }
  void operator()(double number) const { out.number(4, number); }
  void operator()(Duration duration) const {
    out.number(4, std::chrono::duration<double>(duration).count());
  }
};

}  // namespace

std::string encode_log(const LogRecord& record) {
  codec::OutputBytes encoded;
  ProtoWriter out(encoded);
  const auto time = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(record.time.time_since_epoch()).count());
  out.fixed64(1, time);
  out.varint(2, severity_of(record.level).number);
  out.text(3, severity_of(record.level).text);
  out.message(5, [&] { out.text(1, cut(record.message, kMostLogBody)); });
  if (!record.component.empty()) write_attribute(out, 6, kComponent, record.component);
  const ShownLogFields shown = shown_fields(record.fields);
  for (const ShownLogFields::Field& field : shown.fields) {
    if (!record.component.empty() && field.key == kComponent) continue;
    out.message(6, [&] {
      out.text(1, field.key);
      out.message(2, [&] { std::visit(ValueWriter{out}, field.value.any()); });
    });
  }
  if (shown.left_out != 0) out.varint(7, shown.left_out);
  if (record.trace != nullptr) {
    out.fixed32(8, record.trace->flags);
    out.bytes(9, view_of(record.trace->trace_id));
    out.bytes(10, view_of(record.trace->span_id));
  }
  out.fixed64(11, time);
  return std::string(encoded.view());
}

}  // namespace weft::telemetry::internal
