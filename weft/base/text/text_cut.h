#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weft {

/// The longest beginning of `text` of at most `limit` bytes that does not end inside a character of
/// UTF-8. Where the bytes there are no UTF-8, `limit` bytes.
std::string_view utf8_prefix(std::string_view text, std::size_t limit) noexcept;

/// `text` for a message: whole up to `limit` bytes, else its beginning and how long it is, as in
/// "aaaa... (5000 bytes)". What a peer chooses goes through here before an error text repeats it.
std::string cut_text(std::string_view text, std::size_t limit = 128);

}  // namespace weft
