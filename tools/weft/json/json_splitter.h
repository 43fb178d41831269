#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "weft/base/status.h"

namespace weft::cli {

/// A place in a text; both count from 1, columns count characters.
struct TextPosition {
  std::size_t line = 1;
  std::size_t column = 1;
};

/// One JSON value of a text.
struct JsonText {
  std::string text;
  TextPosition position;  ///< of its first character
};

/// Cuts a text that comes in pieces into the JSON values (RFC 8259) it consists of: JSON lines, or
/// values behind each other with or without white space between them. A byte order mark in front of
/// all is skipped. What is not JSON is reported with line, column and the line itself.
///
///     top --value begins--> inside { } [ ] "" --value complete--> ready, top
class JsonSplitter {
 public:
  /// Takes the next piece. INVALID_ARGUMENT when it is not JSON; nothing more is taken then, but
  /// values that were complete before it can still be popped.
  Status push(std::string_view text);
  /// No more pieces come; INVALID_ARGUMENT when a value is unfinished.
  Status finish();
  /// The next complete value; false when there is none yet.
  bool pop(JsonText& out);

 private:
  enum class Expect : std::uint8_t {
    Top,          // a value, or the end of the text
    Value,        // a value
    FirstItem,    // a value or ]
    FirstName,    // a name or }
    Name,         // a name
    Colon,        // : after a name
    Separator,    // , or the end of the container
    String,       // more of a string
    Escape,       // what follows a backslash
    Hexadecimal,  // digits of \uXXXX
    Word,         // more of a number, true, false or null
  };

  /// Leaves the byte order mark out, which may come in pieces.
  std::string_view skip_mark(std::string_view text);
  bool take(char c);
  bool take_structure(char c);
  bool take_in_string(char c);
  bool begin_value(char c);
  bool close(char c);
  bool end_word();
  void end_value();
  bool fail(std::string expected);
  Status error(std::string_view found, std::string_view rest);
  void advance(char c);

  std::deque<JsonText> ready_;
  JsonText value_;
  std::string open_;  // the brackets that are open
  std::string word_;
  std::string line_;  // the current line up to here, for messages
  std::string expected_;
  TextPosition position_;
  Expect expect_ = Expect::Top;
  std::uint8_t mark_bytes_ = 0;  // of the byte order mark that have come
  bool begun_ = false;           // something else than the mark has come
  std::uint8_t hex_digits_ = 0;
  bool name_ = false;  // the string being read is a field's name
  bool failed_ = false;
};

}  // namespace weft::cli
