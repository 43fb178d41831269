#include "weft/telemetry/log/set_up.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "weft/base/log/line_writer.h"
#include "weft/base/log/record.h"
#include "weft/base/text/text_cut.h"
#include "weft/telemetry/log/internal/line_queue.h"
#include "weft/telemetry/log/json_format.h"

namespace weft::telemetry {
namespace {

constexpr int kMostOldFiles = 1000;
constexpr Duration kLongestFlush = std::chrono::seconds(1);

std::optional<std::string> variable(const char* name) {
  const char* const value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

/// Sets `number` where the environment has a variable of that name.
template <class T>
Status apply_number(const char* name, T& number) {
  const auto text = variable(name);
  if (!text) return {};
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error == std::errc() && end == text->data() + text->size()) return {};
  return invalid_argument(std::string(name) + " is '" + cut_text(*text, 32) +
                          "', which is no number that it may be");
}

/// What the environment says takes the place of what the options say.
Status apply_environment(LogOptions& options) {
  if (auto file = variable("WEFT_LOG_FILE")) options.file = *std::move(file);
  if (Status status = apply_number("WEFT_LOG_FILE_BYTES", options.file_bytes); !status.ok()) {
    return status;
  }
  if (Status status = apply_number("WEFT_LOG_OLD_FILES", options.old_files); !status.ok()) {
    return status;
  }
  if (options.old_files < 0 || options.old_files > kMostOldFiles) {
    return invalid_argument("the number of old log files is " + std::to_string(options.old_files) +
                            "; it may be 0 to " + std::to_string(kMostOldFiles));
  }
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

/// Lines of the log to their queue; at its end they get a moment to reach the file.
class QueueWriter final : public LineWriter {
 public:
  explicit QueueWriter(std::shared_ptr<internal::LineQueue> queue) : queue_(std::move(queue)) {}
  QueueWriter(const QueueWriter&) = delete;
  QueueWriter& operator=(const QueueWriter&) = delete;
  ~QueueWriter() override {
    queue_->end();
    queue_->flush(kLongestFlush);
  }
  bool write(std::string_view line) override { return queue_->add(line); }

 private:
  const std::shared_ptr<internal::LineQueue> queue_;
};

/// The last one that was set. Never destroyed, none of them: a signal may come at any moment.
constinit std::atomic<internal::LineQueue*> current_queue{nullptr};

std::shared_ptr<internal::LineQueue> make_queue(std::unique_ptr<internal::RotatingFile> file) {
  static constinit std::mutex mutex;
  static auto& kept = *new std::vector<std::shared_ptr<internal::LineQueue>>();
  const std::lock_guard lock(mutex);
  if (kept.empty()) std::atexit([] { flush_log(); });
  kept.push_back(std::make_shared<internal::LineQueue>(std::move(file)));
  current_queue.store(kept.back().get());
  return kept.back();
}

Status reopen_at(int signal) {
  if (signal == 0) return {};
  struct sigaction action {};
  action.sa_handler = [](int) {
    if (internal::LineQueue* const queue = current_queue.load()) queue->reopen();
  };
  action.sa_flags = SA_RESTART;
  sigfillset(&action.sa_mask);
  if (::sigaction(signal, &action, nullptr) == 0) return {};
  return invalid_argument("reopen_signal is " + std::to_string(signal) +
                          ", which no program can handle");
}

Status set_file(const LogOptions& options) {
  Result<std::unique_ptr<internal::RotatingFile>> file = internal::RotatingFile::open(
      {.path = options.file, .bytes = options.file_bytes, .old_files = options.old_files});
  if (!file.ok()) return file.status();
  set_line_writer(std::make_unique<QueueWriter>(make_queue(*std::move(file))));
  return {};
}

}  // namespace

Status set_up_log(LogOptions options) {
  if (Status status = apply_environment(options); !status.ok()) return status;
  // Also without a file, so that the signal of logrotate does not end a program that has none here.
  if (Status status = reopen_at(options.reopen_signal); !status.ok()) return status;
  if (!options.file.empty()) {
    if (Status status = set_file(options); !status.ok()) return status;
  }
  set_log_format(format_of(options));
  return {};
}

bool flush_log(Duration longest) {
  internal::LineQueue* const queue = current_queue.load();
  return queue == nullptr || queue->flush(std::min(longest, kLongestFlush));
}

}  // namespace weft::telemetry
