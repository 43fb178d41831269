#pragma once

#include <cstdint>
#include <string_view>

#include "weft/codec/schema/wire.h"

namespace weft::codec::xml {

/// What a text is to XML 1.0 (section 2.2, Char).
enum class TextKind : std::uint8_t {
  Plain,    ///< stands for itself in the content of an element
  Escaped,  ///< has characters that are written as references
  NotXml,   ///< has characters that XML has not, such as U+0001, in no form
  NotUtf8,
};
TextKind kind_of(std::string_view text) noexcept;

/// The place of the first byte that is not UTF-8, or of the first character that XML has not;
/// text.size() where there is none.
std::size_t find_bad_character(std::string_view text) noexcept;

/// Appends the text of an element; '<', '>', '&' and the carriage return, which a parser would
/// change, as references.
void put_text(std::string_view text, OutputBytes& out);
/// The same for the value of an attribute in double quotes.
void put_attribute(std::string_view text, OutputBytes& out);

/// Where a text is read: white space of an attribute becomes spaces (section 3.3.3).
enum class TextPlace : std::uint8_t { Element, Attribute };

/// Appends what `text` means: line ends become '\n' (section 2.11) and references the characters
/// that they name, which are the five of XML and numbers. False at another one; `bad` is its place.
bool decode_text(std::string_view text, TextPlace place, OutputBytes& out, std::size_t& bad);

constexpr bool is_white(char c) noexcept { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
std::string_view trimmed(std::string_view text) noexcept;

}  // namespace weft::codec::xml
