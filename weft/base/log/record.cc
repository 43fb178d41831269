#include "weft/base/log/record.h"

#include <algorithm>

#include "weft/base/internal/log_line.h"
#include "weft/base/log/log_value.h"
#include "weft/base/text/ascii.h"
#include "weft/base/text/number_text.h"

namespace weft {
namespace {

std::string key_of(std::string_view text, LogKeys keys) {
  std::string key(text.substr(0, kMostLogKey));
  const auto stays = [keys](char c) {
    return ascii::is_alphanumeric(c) || c == '_' || c == '-' ||
           (c == '.' && keys == LogKeys::Dotted);
  };
  for (char& c : key) {
    if (!stays(c)) c = '_';
  }
  if (key.empty()) key = "_";
  return key;
}

struct TextOf {
  std::string operator()(std::string_view text) const { return log_value(text); }
  std::string operator()(std::int64_t value) const { return std::to_string(value); }
  std::string operator()(std::uint64_t value) const { return std::to_string(value); }
  std::string operator()(double value) const { return number_text(value); }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(Duration value) const { return to_string(value); }
};

std::string text_of(std::string_view message, std::span<const LogField> fields,
                    const LogTrace* trace) {
  std::string text(message);
  const ShownLogFields shown = shown_fields(fields);
  for (const ShownLogFields::Field& field : shown.fields) {
    text.append(" ").append(field.key).append("=");
    text.append(std::visit(TextOf(), field.value.any()));
  }
  if (shown.left_out != 0) text.append(" fields_left_out=" + std::to_string(shown.left_out));
  if (trace != nullptr) {
    append_hex(text.append(" trace_id="), trace->trace_id);
    append_hex(text.append(" span_id="), trace->span_id);
  }
  return text;
}

}  // namespace

ShownLogFields shown_fields(std::span<const LogField> fields, LogKeys keys) {
  ShownLogFields shown;
  for (const LogField& field : fields.first(std::min(fields.size(), kMostLogFields))) {
    std::string key = key_of(field.key, keys);
    const bool is_new = std::none_of(shown.fields.begin(), shown.fields.end(),
                                     [&](const auto& other) { return other.key == key; });
    if (is_new) shown.fields.push_back({std::move(key), field.value});
  }
  shown.left_out = fields.size() - shown.fields.size();
  return shown;
}

void base::write_record(LogRecord record) noexcept {
  record.time = std::chrono::system_clock::now();
  if (LogTap* const tap = log_tap()) tap->take(record);
  if (const LogFormat* const format = log_format()) return write_formatted(*format, record);
  std::string text;
  try {
    text = text_of(record.message, record.fields, record.trace);
    record.message = text;
  } catch (...) {
    // Without memory for the fields, the message alone.
  }
  write_text(record.level, record.message);
}

void log_fields(LogLevel level, std::string_view message, std::span<const LogField> fields,
                const LogTrace* trace) noexcept {
  if (!log_enabled(level)) return;
  base::write_record({.level = level, .message = message, .fields = fields, .trace = trace});
}

}  // namespace weft
