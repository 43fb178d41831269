#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "weft/http1/message/head.h"

namespace weft::http1 {

/// Looks for the end of a head, or of trailers, among bytes as they come, line by line, so that a
/// peer that sends byte by byte costs no more than one that does not. It holds no bytes. What a
/// parser might take though RFC 9112 forbids or warns of it is refused here: lines that end with a
/// bare LF (section 2.2), and folded lines (section 5.2).
class HeadScanner {
 public:
  enum class Of : std::uint8_t { Request, Response, Trailers };
  enum class Outcome : std::uint8_t { NeedMore, Complete, Refused };

  /// `limits` outlive it.
  HeadScanner(const HeadLimits& limits, Of of) noexcept : limits_(limits), of_(of) {}

  /// `bytes` are all since the first, or since the end of the head before. Not to be called after
  /// Complete or Refused, without restart().
  Outcome scan(std::string_view bytes);
  void restart() noexcept;

  /// Of a complete head, with its empty line.
  std::size_t end() const noexcept { return line_; }
  /// Where the head begins: a request may have one empty line before it (RFC 9112 section 2.2).
  std::size_t begin() const noexcept { return begin_; }
  /// Whether anything of a head has come.
  bool has_begun() const noexcept { return looked_at_ > begin_; }
  const Fault& fault() const noexcept { return fault_; }

 private:
  Outcome refuse(int status, std::string why);
  Outcome check_growth(std::string_view bytes);
  Outcome end_line(std::string_view line);
  bool in_first_line() const noexcept { return lines_ == 0 && of_ != Of::Trailers; }

  const HeadLimits& limits_;
  const Of of_;
  std::size_t begin_ = 0;
  std::size_t line_ = 0;       // where the line begins that has not ended yet
  std::size_t looked_at_ = 0;  // for its end
  std::size_t lines_ = 0;      // that have ended
  Fault fault_;
};

}  // namespace weft::http1
