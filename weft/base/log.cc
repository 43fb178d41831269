#include "weft/base/log.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include <spdlog/pattern_formatter.h>

#include "weft/base/fork_mutex.h"
#include "weft/base/internal/log_file.h"
#include "weft/base/internal/log_line.h"
#include "weft/base/log/component.h"
#include "weft/base/log/line_writer.h"
#include "weft/base/text/ascii.h"
#include "weft/base/text/printable.h"

namespace weft {
namespace {

constexpr std::array<std::string_view, 6> kLevelNames = {"trace", "debug", "info",
                                                         "warn",  "error", "off"};
// No level: the environment was not asked yet.
constexpr std::uint8_t kUnset = 0xff;

constinit std::atomic<std::uint8_t> current_level{kUnset};
constinit std::atomic<std::uint64_t> lost{0};
constinit std::atomic<const LogFormat*> current_format{nullptr};
constinit std::atomic<LogTap*> current_tap{nullptr};
// From the first format or tap on. A program without them does not link what writes records.
constinit std::atomic<void (*)(LogRecord) noexcept> record_writer{nullptr};
// Components take the level that they have not of their own.
constinit std::atomic<void (*)() noexcept> level_changed{nullptr};
// A sink that logs would wait for itself.
constinit thread_local bool inside_sink = false;

using Sink = UniqueFunction<void(LogLevel, std::string_view)>;

spdlog::level::level_enum spdlog_level(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::Trace:
      return spdlog::level::trace;
    case LogLevel::Debug:
      return spdlog::level::debug;
    case LogLevel::Info:
      return spdlog::level::info;
    case LogLevel::Warn:
      return spdlog::level::warn;
    case LogLevel::Error:
      return spdlog::level::err;
    case LogLevel::Off:
      break;
  }
  return spdlog::level::off;
}

/// Where lines go. Never destroyed, so that destructors of static objects may log.
struct Output {
  ForkMutex mutex;
  spdlog::pattern_formatter formatter{"%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ [%t] %v",
                                      spdlog::pattern_time_type::utc};
  base::LogFile file = base::LogFile::standard_error();
  Sink sink;
  std::unique_ptr<LineWriter> writer;

  /// Of `line`, which ends in a newline. False when it was lost. Throws what the writer throws.
  bool write_to_place(std::string_view line, base::ColourRange range, LogLevel level) {
    return writer != nullptr ? writer->write(line) : file.write_line(line, range, level);
  }

  /// A line that a LogFormat has made. False when it was lost. Throws what the sink throws.
  bool write_whole(LogLevel level, std::string& line) {
    if (!sink) return write_to_place(line.append("\n"), {}, level);
    sink(level, line);
    return true;
  }

  /// False when the line was lost. Throws what the sink or the formatter throws.
  bool write(LogLevel level, std::string_view line) {
    if (sink) {
      sink(level, line);
      return true;
    }
    const spdlog::details::log_msg message(spdlog::string_view_t(), spdlog_level(level),
                                           spdlog::string_view_t(line.data(), line.size()));
    spdlog::memory_buf_t text;
    formatter.format(message, text);
    return write_to_place({text.data(), text.size()},
                          {message.color_range_start, message.color_range_end}, level);
  }
};

constinit std::atomic<Output*> the_output{nullptr};
constinit NeverDestroyed<ForkMutex> making;

// No static variable in it: a fork() while another thread makes that leaves the child to wait.
Output& output() {
  if (Output* const there = the_output.load(std::memory_order_acquire)) return *there;
  const std::lock_guard lock(making.object);
  if (the_output.load(std::memory_order_relaxed) == nullptr) {
    the_output.store(new Output(), std::memory_order_release);
  }
  return *the_output.load(std::memory_order_relaxed);
}

/// What WEFT_LOG says of the program: items that name components ("net=debug") are read by those.
struct Named {
  LogLevel level = LogLevel::Info;
  bool is_bad = false;
};

Named level_named(std::string_view list) noexcept {
  Named named;
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    const std::string_view item = ascii::trimmed(list.substr(0, comma));
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    if (item.empty() || item.find('=') != std::string_view::npos) continue;
    const std::optional<LogLevel> level = parse_log_level(item);
    if (level) named.level = *level;
    named.is_bad = named.is_bad || !level;
  }
  return named;
}

std::uint8_t level_from_environment() noexcept {
  const char* name = std::getenv("WEFT_LOG");
  const std::string_view text = name == nullptr ? std::string_view() : name;
  const Named named = level_named(text);
  std::uint8_t expected = kUnset;
  const bool first = current_level.compare_exchange_strong(
      expected, static_cast<std::uint8_t>(named.level), std::memory_order_relaxed);
  if (!first) return expected;
  if (named.is_bad) {
    log(LogLevel::Warn, std::string("WEFT_LOG is '")
                            .append(text.substr(0, 32))
                            .append("', which is none of trace, debug, info, warn, error, off"));
  }
  return static_cast<std::uint8_t>(named.level);
}

/// True while this thread may enter a sink; marks it as inside until destroyed.
class SinkEntry {
 public:
  SinkEntry() noexcept : entered_(!std::exchange(inside_sink, true)) {}
  SinkEntry(const SinkEntry&) = delete;
  SinkEntry& operator=(const SinkEntry&) = delete;
  ~SinkEntry() {
    if (entered_) inside_sink = false;
  }
  explicit operator bool() const noexcept { return entered_; }

 private:
  bool entered_;
};

/// What was there before is destroyed after the lock is released: what it owns may log.
void set_place(Sink sink, std::unique_ptr<LineWriter> writer, base::LogFile file) {
  Output& out = output();
  const std::lock_guard lock(out.mutex);
  std::swap(out.sink, sink);
  std::swap(out.writer, writer);
  std::swap(out.file, file);
}

bool write_line(LogLevel level, std::string_view message) noexcept {
  const SinkEntry entry;
  if (!entry) return false;
  try {
    // One line, whatever the message holds: text of a peer must not forge a second line or drive
    // the terminal. Here, so that no caller can forget it.
    std::string escaped;
    if (!is_printable(message)) message = escaped = printable(message);
    Output& out = output();
    const std::lock_guard lock(out.mutex);
    return out.write(level, message);
  } catch (...) {
    return false;
  }
}

bool write_made(const LogFormat& format, const LogRecord& record) noexcept {
  const SinkEntry entry;
  if (!entry) return false;
  try {
    std::string line;
    format.append(line, record);
    Output& out = output();
    const std::lock_guard lock(out.mutex);
    return out.write_whole(record.level, line);
  } catch (...) {
    return false;
  }
}

}  // namespace

namespace base {

const LogFormat* log_format() noexcept { return current_format.load(std::memory_order_acquire); }

void on_log_level(void (*changed)() noexcept) noexcept {
  level_changed.store(changed, std::memory_order_release);
}

LogTap* log_tap() noexcept { return current_tap.load(std::memory_order_acquire); }

void write_text(LogLevel level, std::string_view message) noexcept {
  if (!write_line(level, message)) lost.fetch_add(1, std::memory_order_relaxed);
}

void write_formatted(const LogFormat& format, const LogRecord& record) noexcept {
  if (!write_made(format, record)) lost.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace base

LogLevel log_level() noexcept {
  const std::uint8_t least = current_level.load(std::memory_order_relaxed);
  return static_cast<LogLevel>(least == kUnset ? level_from_environment() : least);
}

std::string_view name_of(LogLevel level) noexcept {
  return kLevelNames[std::min(static_cast<std::size_t>(level), kLevelNames.size() - 1)];
}

std::optional<LogLevel> parse_log_level(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kLevelNames.size(); ++i) {
    if (kLevelNames[i] == name) return static_cast<LogLevel>(i);
  }
  return std::nullopt;
}

bool log_enabled(LogLevel level) noexcept {
  std::uint8_t least = current_level.load(std::memory_order_relaxed);
  if (least == kUnset) least = level_from_environment();
  return static_cast<std::uint8_t>(level) >= least && level < LogLevel::Off;
}

void log(LogLevel level, std::string_view message) noexcept {
  if (!log_enabled(level)) return;
  if (auto* const write = record_writer.load(std::memory_order_acquire)) {
    return write({.level = level, .message = message});
  }
  base::write_text(level, message);
}

void set_log_level(LogLevel level) noexcept {
  current_level.store(static_cast<std::uint8_t>(level), std::memory_order_relaxed);
  if (auto* const changed = level_changed.load(std::memory_order_acquire)) changed();
}

void set_log_format(const LogFormat* format) noexcept {
  current_format.store(format, std::memory_order_release);
  record_writer.store(&base::write_record, std::memory_order_release);
}

void set_log_tap(LogTap* tap) noexcept {
  current_tap.store(tap, std::memory_order_release);
  record_writer.store(&base::write_record, std::memory_order_release);
}

void set_log_sink(UniqueFunction<void(LogLevel, std::string_view)> sink) {
  set_place(std::move(sink), nullptr, base::LogFile::standard_error());
}

bool set_log_file(std::string_view path) {
  std::optional<base::LogFile> opened = base::LogFile::open(std::string(path));
  if (!opened) return false;
  set_place({}, nullptr, *std::move(opened));
  return true;
}

void set_line_writer(std::unique_ptr<LineWriter> writer) {
  set_place({}, std::move(writer), base::LogFile::standard_error());
}

void count_lost_log_lines(std::uint64_t lines) noexcept {
  lost.fetch_add(lines, std::memory_order_relaxed);
}

std::uint64_t log_lines_lost() noexcept { return lost.load(std::memory_order_relaxed); }

}  // namespace weft
