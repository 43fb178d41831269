#pragma once

#include <cstdint>
#include <string>

#include "weft/base/log/record.h"

namespace weft::telemetry {

/// Whose names a JSON line has.
enum class JsonNames : std::uint8_t {
  /// OpenTelemetry's log data model; trace_id, span_id and trace_flags as its "Trace Context in
  /// non-OTLP Log Formats" has them:
  ///
  ///     {"timestamp":"2026-11-30T17:04:05.123456Z","severity_number":9,"severity_text":"INFO",
  ///      "body":"greeted","trace_id":"…","span_id":"…","trace_flags":"01",
  ///      "attributes":{"name":"Ada"},"resource":{"service.name":"greeter"}}
  OpenTelemetry,
  /// Elastic Common Schema. Fields are in `labels` (texts) and `numeric_labels` (numbers), with `_`
  /// in the place of dots in their keys.
  Ecs,
};

/// A line of JSON for each record, without line breaks. Texts are valid UTF-8, with all that
/// printable() escapes as \uXXXX; those of fields are cut as log_value() cuts them, the message
/// behind kMostMessage bytes. A duration is a number of seconds; a number that JSON cannot hold
/// (NaN, infinity) is a text.
class JsonFormat final : public LogFormat {
 public:
  static constexpr std::size_t kMostMessage = std::size_t{16} * 1024;

  /// `service`: what service.name is; empty: it is not said.
  JsonFormat(JsonNames names, std::string service);
  void append(std::string& line, const LogRecord& record) const override;

 private:
  JsonNames names_;
  std::string service_;  // as JSON
};

}  // namespace weft::telemetry
