#pragma once

#include <string_view>

namespace weft::rpc {

/// A member of Accept (RFC 9110 section 12.5.1). The views are of the field's text.
struct MediaRange {
  std::string_view type;       ///< "text/plain", "text/*", "*/*"
  std::string_view version{};  ///< the parameter of that name, without quotes; empty without one
  int quality = 1000;          ///< in thousandths; what is no weight counts as 1
};

/// Takes the first member off the front of the field's value; not to be asked of an empty one.
MediaRange take_media_range(std::string_view& list) noexcept;

}  // namespace weft::rpc
