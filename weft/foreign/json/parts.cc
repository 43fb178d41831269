#include "weft/foreign/json/parts.h"

#include <algorithm>
#include <string>

#include "weft/base/text/ascii.h"
#include "weft/base/text/printable.h"

namespace weft::foreign {
namespace {

constexpr bool is_white(char c) noexcept { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
constexpr bool is_in_word(char c) noexcept {
  return ascii::is_alphanumeric(c) || c == '-' || c == '+' || c == '.';
}

/// RFC 8259 section 6.
bool is_number(std::string_view text) noexcept {
  const auto digits = [&text] {
    std::size_t count = 0;
    while (count < text.size() && ascii::is_digit(text[count])) ++count;
    text.remove_prefix(count);
    return count;
  };
  if (text.starts_with('-')) text.remove_prefix(1);
  const bool zero = text.starts_with('0');
  const std::size_t whole = digits();
  if (whole == 0 || (zero && whole > 1)) return false;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (digits() == 0) return false;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    if (digits() == 0) return false;
  }
  return text.empty();
}

}  // namespace

JsonParts::JsonParts(std::string_view text) noexcept
    : text_(text), close_(text.starts_with('{') ? '}' : ']') {
  at_ = 1;
}

void JsonParts::white_space() noexcept {
  while (at_ < text_.size() && is_white(text_[at_])) ++at_;
}

bool JsonParts::fail(std::string_view expected) {
  over_ = true;
  const std::string found =
      at_ < text_.size() ? "'" + printable(text_.substr(at_, 16)) + "'" : std::string("the end");
  status_ = invalid_argument("byte " + std::to_string(at_ + 1) + " of a JSON text: expected " +
                             std::string(expected) + ", found " + found);
  return false;
}

bool JsonParts::next() {
  if (over_) return false;
  white_space();
  const bool first = first_;
  first_ = false;
  if (at_ < text_.size() && text_[at_] == close_) {
    ++at_;
    white_space();
    over_ = true;
    return at_ == text_.size() ? false : fail("the end");
  }
  if (!first) {
    if (at_ >= text_.size() || text_[at_] != ',') {
      return fail(close_ == '}' ? "',' or '}'" : "',' or ']'");
    }
    ++at_;
    white_space();
  }
  if (close_ == '}') {
    if (!string(name_)) return fail("the name of a member");
    white_space();
    if (at_ >= text_.size() || text_[at_] != ':') return fail("':'");
    ++at_;
    white_space();
  }
  const std::size_t begin = at_;
  if (!skip_value()) return fail("a value");
  value_ = text_.substr(begin, at_ - begin);
  return true;
}

bool JsonParts::string(std::string_view& out) {
  if (at_ >= text_.size() || text_[at_] != '"') return false;
  const std::size_t begin = ++at_;
  for (; at_ < text_.size(); ++at_) {
    if (text_[at_] == '"') {
      out = text_.substr(begin, at_ - begin);
      ++at_;
      return true;
    }
    if (text_[at_] == '\\') ++at_;
  }
  at_ = text_.size();
  return false;
}

bool JsonParts::skip_value() {
  if (at_ >= text_.size()) return false;
  const char first = text_[at_];
  if (first == '{' || first == '[') return skip_container();
  std::string_view ignored;
  if (first == '"') return string(ignored);
  const std::size_t begin = at_;
  while (at_ < text_.size() && is_in_word(text_[at_])) ++at_;
  return at_ != begin;
}

bool JsonParts::skip_container() {
  std::size_t depth = 0;
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == '"') {
      std::string_view ignored;
      if (!string(ignored)) return false;
      continue;
    }
    ++at_;
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && --depth == 0) return true;
  }
  return false;
}

bool is_request_id(std::string_view value) noexcept {
  if (value.starts_with('"')) {
    return value.size() >= 2 && std::all_of(value.begin(), value.end(), [](char c) {
             return static_cast<unsigned char>(c) >= 0x20;
           });
  }
  return value == "null" || is_number(value);
}

bool plain_string(std::string_view value, std::string_view& out) noexcept {
  if (value.size() < 2 || value.front() != '"') return false;
  out = value.substr(1, value.size() - 2);
  return out.find('\\') == std::string_view::npos;
}

}  // namespace weft::foreign
