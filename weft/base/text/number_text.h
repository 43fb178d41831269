#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace weft {

/// A number for people, with up to six digits: "0.5", "1e+20". Unlike printf and std::to_string it
/// writes the same in every locale.
std::string number_text(double value);
/// With exactly that many decimals, at most 20: "1.50".
std::string number_text(double value, int decimals);

/// Two hexadecimal digits for each byte, in lower case.
void append_hex(std::string& out, std::span<const std::uint8_t> bytes);

}  // namespace weft
