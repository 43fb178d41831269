#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weft::edge {

/// What a request's path names below the path of the files.
struct FileName {
  enum class Kind : std::uint8_t {
    File,
    Folder,     ///< it ends in "/", or is empty; `name` has no "/" at its end
    Malformed,  ///< a "%" that two hexadecimal digits do not follow
    Hidden,     ///< there is never a file of that name
  };
  Kind kind = Kind::Hidden;
  std::string name{};  ///< without "/" in front
};

/// `path` is percent-encoded, without a query, and stands below `root` ("/" or "/app"). Parts that
/// are "." or "..", empty, or begin with "." (".well-known" apart) are hidden, and so is what could
/// only be named with an encoded "/" or with a zero byte.
FileName file_name_of(std::string_view path, std::string_view root);

/// Whether the last part of a name has a ".".
bool has_ending(std::string_view name) noexcept;

}  // namespace weft::edge
