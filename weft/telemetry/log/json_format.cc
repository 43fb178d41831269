#include "weft/telemetry/log/json_format.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "weft/base/log/log_value.h"
#include "weft/base/text/json_text.h"
#include "weft/base/text/number_text.h"
#include "weft/base/text/text_cut.h"
#include "weft/base/text/utc_text.h"

namespace weft::telemetry {
namespace {

struct Severity {
  std::string_view number;  // OpenTelemetry's log data model, "SeverityNumber"
  std::string_view otel;
  std::string_view ecs;
};
constexpr std::array<Severity, 6> kSeverities = {{{"1", "TRACE", "trace"},
                                                  {"5", "DEBUG", "debug"},
                                                  {"9", "INFO", "info"},
                                                  {"13", "WARN", "warn"},
                                                  {"17", "ERROR", "error"},
                                                  {"0", "OFF", "off"}}};

/// A text as JSON. What is cut says so.
std::string json_text(std::string_view text, std::size_t limit) {
  const std::string_view shown = utf8_prefix(text, limit);
  if (shown.size() == text.size()) return json_quoted(text);
  return json_quoted(std::string(shown) + "... (" + std::to_string(shown.size()) + " of " +
                     std::to_string(text.size()) + " bytes)");
}

std::string json_number(double value) {
  if (!std::isfinite(value)) return "\"" + number_text(value) + "\"";
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  return {digits.data(), end};
}

struct JsonOf {
  std::string operator()(std::string_view text) const { return json_text(text, kMostLogValue); }
  std::string operator()(std::int64_t value) const { return std::to_string(value); }
  std::string operator()(std::uint64_t value) const { return std::to_string(value); }
  std::string operator()(double value) const { return json_number(value); }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(Duration value) const {
    return json_number(std::chrono::duration<double>(value).count());
  }
};

std::string hex(std::span<const std::uint8_t> bytes) {
  std::string text;
  append_hex(text, bytes);
  return text;
}

std::string timestamp(std::chrono::system_clock::time_point time) {
  return utc_text(std::chrono::floor<std::chrono::microseconds>(time));
}

/// Members of one object.
class Members {
 public:
  explicit Members(std::string& out) : out_(out) { out_ += '{'; }
  /// `key` needs no escapes, `json` is a value.
  void add(std::string_view key, std::string_view json) {
    if (!first_) out_ += ',';
    first_ = false;
    out_.append("\"").append(key).append("\":").append(json);
  }
  void add_text(std::string_view key, std::string_view plain) {
    add(key, std::string("\"").append(plain).append("\""));
  }
  void end() { out_ += '}'; }

 private:
  std::string& out_;
  bool first_ = true;
};

const Severity& severity_of(LogLevel level) noexcept {
  return kSeverities[std::min<std::size_t>(static_cast<std::size_t>(level),
                                           kSeverities.size() - 1)];
}

std::string attributes(const ShownLogFields& shown) {
  std::string text;
  Members members(text);
  for (const auto& field : shown.fields) {
    members.add(field.key, std::visit(JsonOf(), field.value.any()));
  }
  members.end();
  return text;
}

/// With the component in front, where the record has one.
ShownLogFields fields_of(const LogRecord& record, std::string_view key, LogKeys keys) {
  ShownLogFields shown = shown_fields(record.fields, keys);
  if (!record.component.empty()) {
    std::erase_if(shown.fields, [key](const auto& field) { return field.key == key; });
    shown.fields.insert(shown.fields.begin(), {std::string(key), record.component});
  }
  return shown;
}

void append_otel(std::string& line, const LogRecord& record, const std::string& service) {
  Members members(line);
  members.add_text("timestamp", timestamp(record.time));
  members.add("severity_number", severity_of(record.level).number);
  members.add_text("severity_text", severity_of(record.level).otel);
  members.add("body", json_text(record.message, JsonFormat::kMostMessage));
  if (record.trace != nullptr) {
    members.add_text("trace_id", hex(record.trace->trace_id));
    members.add_text("span_id", hex(record.trace->span_id));
    members.add_text("trace_flags", hex({&record.trace->flags, 1}));
  }
  const ShownLogFields shown = fields_of(record, "weft.component", LogKeys::Dotted);
  if (!shown.fields.empty()) members.add("attributes", attributes(shown));
  if (shown.left_out != 0) {
    members.add("dropped_attributes_count", std::to_string(shown.left_out));
  }
  if (!service.empty()) members.add("resource", "{\"service.name\":" + service + "}");
  members.end();
}

/// Texts and truth values, or numbers, which ECS keeps apart.
enum class Labels : std::uint8_t { Texts, Numbers };

ShownLogFields only(const ShownLogFields& shown, Labels which) {
  ShownLogFields some;
  for (const auto& field : shown.fields) {
    const LogFieldValue::Any& any = field.value.any();
    const double* const number = std::get_if<double>(&any);
    const bool is_text = std::holds_alternative<std::string_view>(any) ||
                         std::holds_alternative<bool>(any) ||
                         (number != nullptr && !std::isfinite(*number));
    if (is_text == (which == Labels::Texts)) some.fields.push_back(field);
  }
  return some;
}

void append_ecs(std::string& line, const LogRecord& record, const std::string& service) {
  Members members(line);
  // The order is that of the ECS logging specification: these three come first.
  members.add_text("@timestamp", timestamp(record.time));
  members.add_text("log.level", severity_of(record.level).ecs);
  members.add("message", json_text(record.message, JsonFormat::kMostMessage));
  members.add_text("ecs.version", "1.6.0");
  if (!service.empty()) members.add("service.name", service);
  if (record.trace != nullptr) {
    members.add_text("trace.id", hex(record.trace->trace_id));
    members.add_text("span.id", hex(record.trace->span_id));
  }
  const ShownLogFields shown = fields_of(record, "weft_component", LogKeys::Underscored);
  const ShownLogFields texts = only(shown, Labels::Texts);
  ShownLogFields numbers = only(shown, Labels::Numbers);
  if (shown.left_out != 0) numbers.fields.push_back({"weft_fields_left_out", shown.left_out});
  if (!texts.fields.empty()) members.add("labels", attributes(texts));
  if (!numbers.fields.empty()) members.add("numeric_labels", attributes(numbers));
  members.end();
}

}  // namespace

JsonFormat::JsonFormat(JsonNames names, std::string service)
    : names_(names), service_(service.empty() ? "" : json_text(service, kMostLogValue)) {}

void JsonFormat::append(std::string& line, const LogRecord& record) const {
  if (names_ == JsonNames::Ecs) return append_ecs(line, record, service_);
  append_otel(line, record, service_);
}

}  // namespace weft::telemetry
