#pragma once

#include <cstdint>
#include <initializer_list>

#include "weft/base/status.h"

namespace weft {

/// Some of the status codes: `StatusCodeSet{StatusCode::Unavailable, StatusCode::Aborted}`.
class StatusCodeSet {
 public:
  constexpr StatusCodeSet() noexcept = default;
  constexpr StatusCodeSet(std::initializer_list<StatusCode> codes) noexcept {
    for (const StatusCode code : codes) add(code);
  }
  constexpr void add(StatusCode code) noexcept { bits_ |= bit(code); }
  constexpr bool contains(StatusCode code) const noexcept { return (bits_ & bit(code)) != 0; }
  constexpr bool empty() const noexcept { return bits_ == 0; }
  friend constexpr bool operator==(StatusCodeSet, StatusCodeSet) noexcept = default;

 private:
  /// None for a number that is no code.
  static constexpr std::uint32_t bit(StatusCode code) noexcept {
    const auto number = static_cast<unsigned>(code);
    return number > static_cast<unsigned>(StatusCode::Unauthenticated) ? 0
                                                                       : std::uint32_t{1} << number;
  }
  std::uint32_t bits_ = 0;
};

}  // namespace weft
