#include "weft/telemetry/log/set_up.h"

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "weft/base/log.h"
#include "weft/base/text_cut.h"
#include "weft/telemetry/log/json_format.h"

namespace weft::telemetry {
namespace {

std::optional<std::string> variable(const char* name) {
  const char* const value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

/// What the environment says takes the place of what the options say.
Status apply_environment(LogOptions& options) {
  if (auto file = variable("WEFT_LOG_FILE")) options.file = *std::move(file);
  if (auto service = variable("OTEL_SERVICE_NAME")) options.service = *std::move(service);
  const auto form = variable("WEFT_LOG_FORMAT");
  if (!form) return {};
  if (*form == "text") {
    options.form = LogForm::Text;
  } else if (*form == "json") {
    options.form = LogForm::OpenTelemetryJson;
  } else if (*form == "ecs") {
    options.form = LogForm::EcsJson;
  } else {
    return invalid_argument("WEFT_LOG_FORMAT is '" + cut_text(*form, 32) +
                            "', which is none of text, json, ecs");
  }
  return {};
}

/// Kept until the process ends, those set before too: a line may be under way in each of them. A
/// program sets its log up once.
const LogFormat* format_of(const LogOptions& options) {
  if (options.form == LogForm::Text) return nullptr;
  static constinit std::mutex mutex;
  static std::vector<std::unique_ptr<JsonFormat>>& kept =
      *new std::vector<std::unique_ptr<JsonFormat>>();
  const JsonNames names =
      options.form == LogForm::EcsJson ? JsonNames::Ecs : JsonNames::OpenTelemetry;
  const std::lock_guard lock(mutex);
  kept.push_back(std::make_unique<JsonFormat>(names, options.service));
  return kept.back().get();
}

}  // namespace

Status set_up_log(LogOptions options) {
  Status valid = apply_environment(options);
  if (!valid.ok()) return valid;
  if (!options.file.empty() && !set_log_file(options.file)) {
    return failed_precondition(
        "the log file '" + cut_text(options.file) +
        "' cannot be opened for appending: " + std::generic_category().message(errno));
  }
  set_log_format(format_of(options));
  return {};
}

}  // namespace weft::telemetry
