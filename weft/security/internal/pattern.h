#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weft::security {

/// A text of a policy that stands for others (gRFC A43): "x" for itself, "x*" for what begins with
/// it, "*x" for what ends with it, "*" for any that is not empty. A star elsewhere is a star.
class Pattern {
 public:
  explicit Pattern(std::string_view text) {
    if (text == "*") {
      kind_ = Kind::NotEmpty;
    } else if (text.starts_with('*')) {
      kind_ = Kind::Suffix;
      text_ = text.substr(1);
    } else if (text.ends_with('*')) {
      kind_ = Kind::Prefix;
      text_ = text.substr(0, text.size() - 1);
    } else {
      text_ = text;
    }
  }

  bool matches(std::string_view value) const noexcept {
    switch (kind_) {
      case Kind::Exact:
        return value == text_;
      case Kind::Prefix:
        return value.starts_with(text_);
      case Kind::Suffix:
        return value.ends_with(text_);
      case Kind::NotEmpty:
        break;
    }
    return !value.empty();
  }

 private:
  enum class Kind : std::uint8_t { Exact, Prefix, Suffix, NotEmpty };
  Kind kind_ = Kind::Exact;
  std::string text_;
};

inline bool any_matches(const std::vector<Pattern>& patterns, std::string_view value) noexcept {
  return std::any_of(patterns.begin(), patterns.end(),
                     [value](const Pattern& pattern) { return pattern.matches(value); });
}

}  // namespace weft::security
