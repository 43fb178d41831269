#include "tools/weft/json/json_splitter.h"

#include <algorithm>
#include <utility>

namespace weft::cli {
namespace {

// protobuf's own limit for nested messages.
constexpr std::size_t kMaxDepth = 100;

// The byte order mark in UTF-8, which editors of Windows put in front.
constexpr std::string_view kMark = "\xef\xbb\xbf";

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool in_word(char c) {
  return is_digit(c) || is_letter(c) || c == '-' || c == '+' || c == '.' || c == '_';
}
/// Not the second or a later byte of a UTF-8 character.
bool starts_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }

std::size_t skip_digits(std::string_view text, std::size_t at) {
  while (at < text.size() && is_digit(text[at])) ++at;
  return at;
}

/// RFC 8259 section 6.
bool is_number(std::string_view text) {
  std::size_t at = text.starts_with('-') ? 1 : 0;
  std::size_t end = skip_digits(text, at);
  if (end == at || (text[at] == '0' && end > at + 1)) return false;
  if (end < text.size() && text[end] == '.') {
    at = end + 1;
    end = skip_digits(text, at);
    if (end == at) return false;
  }
  if (end < text.size() && (text[end] == 'e' || text[end] == 'E')) {
    at = end + 1;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    end = skip_digits(text, at);
    if (end == at) return false;
  }
  return end == text.size();
}

std::string shown(char c) {
  if (static_cast<unsigned char>(c) < 0x20) return "a control character";
  return std::string("'") + c + "'";
}

/// The first character of `text` with all its bytes.
std::string first_character(std::string_view text) {
  if (static_cast<unsigned char>(text.front()) < 0x80) return shown(text.front());
  std::size_t size = 1;
  while (size < text.size() && !starts_character(text[size])) ++size;
  return "'" + std::string(text.substr(0, size)) + "'";
}

}  // namespace

std::string_view JsonSplitter::skip_mark(std::string_view text) {
  while (!begun_ && !text.empty()) {
    begun_ = mark_bytes_ == kMark.size() || text.front() != kMark[mark_bytes_];
    if (begun_) break;
    ++mark_bytes_;
    text.remove_prefix(1);
  }
  return text;
}

Status JsonSplitter::push(std::string_view text) {
  if (failed_) return error("more text", {});
  const bool first = !begun_;
  text = skip_mark(text);
  if (first && begun_) {
    const bool part_of_mark = mark_bytes_ != 0 && mark_bytes_ != kMark.size();
    const bool utf16 = text.front() == '\xff' || text.front() == '\xfe';
    if (part_of_mark || utf16) fail("JSON in UTF-8");
    if (utf16) return error("a byte order mark of UTF-16", {});
    if (part_of_mark) return error("a part of a byte order mark", {});
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!take(text[i])) return error(first_character(text.substr(i)), text.substr(i));
    advance(text[i]);
  }
  return {};
}

Status JsonSplitter::finish() {
  if (failed_) return error("more text", {});
  if (expect_ == Expect::Word && !end_word()) return error("the end", {});
  if (!begun_ && mark_bytes_ != 0 && mark_bytes_ != kMark.size()) fail("JSON in UTF-8");
  if (expect_ == Expect::Top && !failed_) return {};
  if (expected_.empty()) {
    fail(expect_ == Expect::String || expect_ == Expect::Escape ? "the end of a string"
         : expect_ == Expect::Hexadecimal                       ? "four hexadecimal digits"
         : open_.empty()                                        ? "a value"
         : open_.back() == '{'                                  ? "more of an object"
                                                                : "more of an array");
  }
  return error("the end", {});
}

bool JsonSplitter::pop(JsonText& out) {
  if (ready_.empty()) return false;
  out = std::move(ready_.front());
  ready_.pop_front();
  return true;
}

void JsonSplitter::advance(char c) {
  if (c == '\n') {
    position_ = {.line = position_.line + 1, .column = 1};
    line_.clear();
    return;
  }
  line_ += c;
  if (starts_character(c)) ++position_.column;
}

bool JsonSplitter::take(char c) {
  if (expect_ == Expect::Word) {
    if (in_word(c)) {
      word_ += c;
      value_.text += c;
      return true;
    }
    if (!end_word()) return false;
  }
  if (expect_ == Expect::String || expect_ == Expect::Escape || expect_ == Expect::Hexadecimal) {
    value_.text += c;
    return take_in_string(c);
  }
  if (is_space(c)) {
    // Inside a value it stays, so that places in the value are places in the text.
    if (expect_ != Expect::Top) value_.text += c;
    return true;
  }
  if (expect_ == Expect::Top) value_.position = position_;
  value_.text += c;
  return take_structure(c);
}

bool JsonSplitter::take_structure(char c) {
  switch (expect_) {
    case Expect::FirstItem:
      return c == ']' ? close(c) : begin_value(c);
    case Expect::FirstName:
      if (c == '}') return close(c);
      [[fallthrough]];
    case Expect::Name:
      if (c != '"') return fail("the name of a field in double quotes");
      name_ = true;
      expect_ = Expect::String;
      return true;
    case Expect::Colon:
      if (c != ':') return fail("':' after the name of a field");
      expect_ = Expect::Value;
      return true;
    case Expect::Separator:
      if (c == ',') {
        expect_ = open_.back() == '{' ? Expect::Name : Expect::Value;
        return true;
      }
      return close(c);
    default:
      return begin_value(c);
  }
}

bool JsonSplitter::take_in_string(char c) {
  if (expect_ == Expect::Hexadecimal) {
    if (!is_hex(c)) return fail("four hexadecimal digits after \\u");
    if (--hex_digits_ == 0) expect_ = Expect::String;
    return true;
  }
  if (expect_ == Expect::Escape) {
    if (c == 'u') hex_digits_ = 4;
    expect_ = c == 'u' ? Expect::Hexadecimal : Expect::String;
    if (c == 'u' || std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos) return true;
    return fail("one of \" \\ / b f n r t u after a backslash");
  }
  if (static_cast<unsigned char>(c) < 0x20) {
    return fail(c == '\n' ? "the end of the string before the end of the line"
                          : "control characters in a string as \\u00XX");
  }
  if (c == '\\') expect_ = Expect::Escape;
  if (c != '"') return true;
  if (std::exchange(name_, false)) {
    expect_ = Expect::Colon;
  } else {
    end_value();
  }
  return true;
}

bool JsonSplitter::begin_value(char c) {
  if (c == '{' || c == '[') {
    if (open_.size() == kMaxDepth) return fail("no more than 100 objects and arrays in each other");
    open_ += c;
    expect_ = c == '{' ? Expect::FirstName : Expect::FirstItem;
    return true;
  }
  if (c == '"') {
    expect_ = Expect::String;
    return true;
  }
  if (c != '-' && !is_digit(c) && !is_letter(c)) return fail("a value");
  word_ = c;
  expect_ = Expect::Word;
  return true;
}

bool JsonSplitter::close(char c) {
  const char wanted = open_.back() == '{' ? '}' : ']';
  if (c != wanted) return fail(wanted == '}' ? "',' or '}'" : "',' or ']'");
  open_.pop_back();
  end_value();
  return true;
}

bool JsonSplitter::end_word() {
  if (word_ == "true" || word_ == "false" || word_ == "null" || is_number(word_)) {
    end_value();
    return true;
  }
  const bool numeric = word_.front() == '-' || is_digit(word_.front());
  return fail((numeric ? "a number before here, not '" : "a value before here, not '") + word_ +
              "'");
}

void JsonSplitter::end_value() {
  if (!open_.empty()) {
    expect_ = Expect::Separator;
    return;
  }
  expect_ = Expect::Top;
  ready_.push_back(std::exchange(value_, {}));
}

bool JsonSplitter::fail(std::string expected) {
  expected_ = std::move(expected);
  failed_ = true;
  return false;
}

Status JsonSplitter::error(std::string_view found, std::string_view rest) {
  // As much of the line as fits a terminal, with a mark under the place.
  constexpr std::size_t kBefore = 50;
  constexpr std::size_t kAfter = 25;
  std::size_t start = line_.size() > kBefore ? line_.size() - kBefore : 0;
  while (start < line_.size() && !starts_character(line_[start])) ++start;
  const std::string before = line_.substr(start);
  std::size_t end = std::min(rest.find('\n'), std::min(rest.size(), kAfter));
  while (end < rest.size() && !starts_character(rest[end])) ++end;
  std::size_t width = 0;
  for (const char c : before) width += starts_character(c) ? 1 : 0;
  std::string message = "line " + std::to_string(position_.line) + ", column " +
                        std::to_string(position_.column) + ": expected " + expected_ + ", found " +
                        std::string(found);
  message += "\n  " + before + std::string(rest.substr(0, end));
  message += "\n  " + std::string(width, ' ') + "^";
  return invalid_argument(message);
}

}  // namespace weft::cli
