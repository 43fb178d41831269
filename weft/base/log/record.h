#pragma once

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "weft/base/log.h"
#include "weft/base/time.h"

namespace weft {

/// The value of a field: text, which is not copied, a number, a truth value or a duration.
class LogFieldValue {
 public:
  using Any = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool, Duration>;

  template <std::convertible_to<std::string_view> T>
  LogFieldValue(const T& text) noexcept : any_(std::string_view(text)) {}
  template <class T>
    requires std::is_arithmetic_v<T>
  LogFieldValue(T value) noexcept : any_(widest(value)) {}
  template <class Rep, class Period>
  LogFieldValue(std::chrono::duration<Rep, Period> duration) noexcept
      : any_(std::chrono::duration_cast<Duration>(duration)) {}

  const Any& any() const noexcept { return any_; }

 private:
  template <class T>
  static auto widest(T value) noexcept {
    if constexpr (std::same_as<T, bool>) {
      return value;
    } else if constexpr (std::floating_point<T>) {
      return static_cast<double>(value);
    } else if constexpr (std::signed_integral<T>) {
      return static_cast<std::int64_t>(value);
    } else {
      return static_cast<std::uint64_t>(value);
    }
  }

  Any any_;
};

/// What is said beside the text of a log line. Refers to its key and to a text.
struct LogField {
  std::string_view key;
  LogFieldValue value;
};

/// The trace and the span that a line belongs to (W3C Trace Context).
struct LogTrace {
  std::array<std::uint8_t, 16> trace_id{};
  std::array<std::uint8_t, 8> span_id{};
  std::uint8_t flags = 0;
};

/// A log line before it is text. Refers to what it is made of.
struct LogRecord {
  LogLevel level;
  std::string_view message;
  std::span<const LogField> fields{};
  const LogTrace* trace = nullptr;  ///< null: it belongs to none
  std::chrono::system_clock::time_point time{};
  std::string_view component{};  ///< of a LogComponent; empty: it belongs to none
};

/// Of one line; further fields are left out, and the line says how many.
inline constexpr std::size_t kMostLogFields = 32;
/// Of one key, in bytes; longer ones are cut.
inline constexpr std::size_t kMostLogKey = 64;

/// Writes one line with fields. As text they follow the message:
///
///     greeted name="Ada Lovelace" tries=2
///
/// with texts as log_value() shows them. See log(LogLevel, std::string_view) for the rest, and
/// weft/coro/context_log.h for lines with the ids of a call's trace. The fields are evaluated
/// before the level is looked at: ask log_enabled() first where that costs.
void log_fields(LogLevel level, std::string_view message, std::span<const LogField> fields,
                const LogTrace* trace = nullptr) noexcept;
inline void log(LogLevel level, std::string_view message,
                std::initializer_list<LogField> fields) noexcept {
  if (log_enabled(level)) log_fields(level, message, {fields.begin(), fields.size()});
}

/// How keys are written.
enum class LogKeys : std::uint8_t {
  Dotted,       ///< letters, digits and `_.-`
  Underscored,  ///< letters, digits and `_-`, as ECS wants the keys of labels
};

/// The fields of a line as a LogFormat shows them.
struct ShownLogFields {
  struct Field {
    std::string key;
    LogFieldValue value;
  };
  std::vector<Field> fields;
  std::size_t left_out = 0;  ///< too many, or of a key that an earlier field has
};
/// Keys with `_` for each other byte, cut, and each one once.
ShownLogFields shown_fields(std::span<const LogField> fields, LogKeys keys = LogKeys::Dotted);

/// Makes lines of records. Called by any thread, by several at once.
class LogFormat {
 public:
  virtual ~LogFormat() = default;
  /// Appends the line without a newline. It has to be one line whatever bytes the record has.
  virtual void append(std::string& line, const LogRecord& record) const = 0;
};

/// Lines are made by `format` from now on, for standard error, for a file and for a sink. It is not
/// destroyed before the process ends. Null: text, as at the beginning.
void set_log_format(const LogFormat* format) noexcept;

}  // namespace weft
