#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

namespace weft {

/// A place for whole lines of the log, as a file of set_log_file() would get them.
class LineWriter {
 public:
  virtual ~LineWriter() = default;
  /// `line` ends in a newline. False: it was lost, and is counted. One at a time, by the threads
  /// that log, so it does not wait; what it logs itself is lost.
  virtual bool write(std::string_view line) = 0;
};

/// Lines go to `writer` from now on, in the place of a file or sink; null: to standard error.
void set_line_writer(std::unique_ptr<LineWriter> writer);

/// Counts lines that a writer had taken and then lost (log_lines_lost()).
void count_lost_log_lines(std::uint64_t lines) noexcept;

}  // namespace weft
