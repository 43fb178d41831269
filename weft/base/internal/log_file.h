#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "weft/base/log.h"

namespace weft::base {

/// The part of a line that says its level, which a terminal shows in colour.
struct ColourRange {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// A descriptor that lines are written to, unbuffered, so that a failed write is known at once and
/// nothing is lost in a crash. A line that the file does not take now (disk full, reader of the
/// pipe gone or asleep) is dropped. Not thread-safe.
class LogFile {
 public:
  /// Does not own the descriptor.
  static LogFile standard_error() noexcept;
  /// Appends to `path`, which is made if it does not exist.
  static std::optional<LogFile> open(const std::string& path) noexcept;

  LogFile(LogFile&& other) noexcept;
  LogFile& operator=(LogFile&& other) noexcept;
  ~LogFile();

  /// Writes `line`, which ends in a newline; false when not all of it was taken.
  bool write_line(std::string_view line, ColourRange range, LogLevel level);

 private:
  enum class Kind : std::uint8_t { Plain, Terminal, Pipe };
  LogFile(int descriptor, bool owned) noexcept;
  bool write_all(std::string_view text) noexcept;

  int descriptor_;
  bool owned_;
  Kind kind_;
  bool torn_ = false;
};

}  // namespace weft::base
