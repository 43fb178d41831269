#pragma once

#include <cstdint>
#include <string>

#include "weft/base/log.h"
#include "weft/base/time.h"

namespace weft::rpc {

/// Keeps what peers can bring about from flooding the log: so many lines in a second, and then one
/// that says how many were left out.
class LogLimit {
 public:
  void log(LogLevel level, TimePoint now, const std::string& line) {
    if (now - second_ >= std::chrono::seconds(1)) {
      if (left_out_ != 0) {
        weft::log(level, std::to_string(left_out_) + " more lines like the last were left out");
      }
      second_ = now;
      written_ = 0;
      left_out_ = 0;
    }
    if (written_ < kLinesPerSecond) {
      ++written_;
      weft::log(level, line);
    } else {
      ++left_out_;
    }
  }

 private:
  static constexpr std::uint32_t kLinesPerSecond = 10;
  TimePoint second_{};
  std::uint32_t written_ = 0;
  std::uint64_t left_out_ = 0;
};

}  // namespace weft::rpc
