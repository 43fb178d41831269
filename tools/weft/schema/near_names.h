#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace weft::cli {

/// How many characters must be added, removed, replaced or swapped with their neighbour to make `a`
/// out of `b` (Damerau-Levenshtein, optimal string alignment); upper and lower case are the same.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// Those of `names` that somebody who typed `wanted` may have meant, best first, at most three. The
/// last part of a dotted name counts as well as the whole.
std::vector<std::string> near_names(std::string_view wanted, const std::vector<std::string>& names);

/// "; did you mean 'a' or 'b'?", or nothing. The names, which a server may have chosen, are
/// printable().
std::string did_you_mean(std::string_view wanted, const std::vector<std::string>& names);

}  // namespace weft::cli
