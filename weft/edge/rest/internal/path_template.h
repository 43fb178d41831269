#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/result.h"

namespace weft::edge::rest {

/// A path of google.api.http ("Path template syntax" in google/api/http.proto):
///
///     Template  = "/" Segments [ ":" Verb ]
///     Segments  = Segment { "/" Segment }
///     Segment   = "*" | "**" | Literal | Variable
///     Variable  = "{" Name { "." Name } [ "=" Segments ] "}"
///
/// "*" is one segment of a path, "**" is all that are left, none among them, and stands last. A
/// variable is in no other one; "{name}" is "{name=*}".
struct PathTemplate {
  enum class Kind : std::uint8_t { Literal, One, Rest };
  struct Segment {
    Kind kind = Kind::Literal;
    std::string text;  ///< of a literal, percent-decoded

    bool operator==(const Segment&) const = default;
  };
  /// A field of the request that has its value from the segments `begin` up to `end`.
  struct Variable {
    std::string field;  ///< "shelf.name"
    std::size_t begin = 0;
    std::size_t end = 0;
    /// It may have several segments of a path.
    bool several = false;
  };

  std::vector<Segment> segments;
  std::vector<Variable> variables;
  std::string verb;  ///< empty: none

  /// INVALID_ARGUMENT naming what is wrong, the template, and the column, which counts from 1.
  static Result<PathTemplate> parse(std::string_view text);

  bool has_rest() const noexcept { return !segments.empty() && segments.back().kind == Kind::Rest; }
};

/// Beyond these a template is refused.
inline constexpr std::size_t kMostSegments = 32;
inline constexpr std::size_t kLongestTemplate = 1024;

}  // namespace weft::edge::rest
