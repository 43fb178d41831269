#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "weft/base/status.h"

namespace weft::edge::rest {

/// Splits content into lines as it comes: newline-delimited JSON, `application/x-ndjson`. Lines end
/// with "\n" or "\r\n", the last one may have no end; lines of white space are passed over.
///
///     push() ──▶ next() until it says no ──▶ push() ... ──▶ finish(), next() until it says no
///
/// It holds what is pushed until it is taken as a line. Each byte is searched once.
class LineSplitter {
 public:
  /// `limit`: bytes of a line.
  explicit LineSplitter(std::size_t limit) noexcept : limit_(limit) {}

  void push(std::string_view part);
  /// No more content comes: what is left is the last line.
  void finish() noexcept { finished_ = true; }
  /// Whether there is a line for next(), whose line may be too long.
  bool has_line();
  /// Takes the next line; valid until the next call. False where there is none yet.
  bool next(std::string_view& line);
  /// RESOURCE_EXHAUSTED where the line that comes next is longer than the limit, whole or not.
  Status check() const;
  /// Bytes that it holds.
  std::size_t memory() const noexcept { return text_.capacity(); }

 private:
  std::string_view rest() const noexcept { return std::string_view(text_).substr(begin_); }
  void pass_over_blank() noexcept;

  const std::size_t limit_;
  std::string text_;
  std::size_t begin_ = 0;     // of the next line
  std::size_t searched_ = 0;  // no line ends between begin_ and this
  bool finished_ = false;
};

}  // namespace weft::edge::rest
