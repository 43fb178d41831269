#pragma once

#include <string>
#include <string_view>

#include "weft/base/status.h"
#include "weft/base/time.h"

namespace weft::middleware {

/// Says what is wrong with an option of a struct.
class OptionCheck {
 public:
  explicit constexpr OptionCheck(std::string_view options) noexcept : options_(options) {}

  /// "RetryOptions::jitter is 1.5; it has to be from 0 to 1".
  Status refused(std::string_view option, std::string_view value, std::string_view must) const {
    std::string message(options_);
    message.append("::").append(option).append(" is ").append(value);
    return invalid_argument(message.append("; it has to be ").append(must));
  }
  Status share(std::string_view option, double value) const {
    if (value >= 0 && value <= 1) return {};
    return refused(option, std::to_string(value), "from 0 to 1");
  }
  Status not_negative(std::string_view option, Duration value) const {
    if (value >= Duration::zero()) return {};
    return refused(option, to_string(value), "0 or more");
  }

 private:
  std::string_view options_;
};

}  // namespace weft::middleware
