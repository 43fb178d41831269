#pragma once

#include <string>

namespace weft {

/// A number for people, with up to six digits: "0.5", "1e+20". Unlike printf and std::to_string it
/// writes the same in every locale.
std::string number_text(double value);
/// With exactly that many decimals, at most 20: "1.50".
std::string number_text(double value, int decimals);

}  // namespace weft
