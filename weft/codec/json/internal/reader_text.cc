#include <algorithm>

#include "weft/base/text/printable.h"
#include "weft/codec/json/internal/reader.h"
#include "weft/codec/json/internal/text_scan.h"
#include "weft/codec/schema/text/utf8_text.h"

namespace weft::codec::json {
namespace {

// Of a value that an error shows.
constexpr std::size_t kLongestToken = 40;

}  // namespace

bool Reader::too_deep(const FieldPath& path) {
  return fail(at_, path,
              "objects and lists lie in each other deeper than " +
                  std::to_string(limit_ - (options_.marks ? kLevelsOfMarks : 0)) +
                  " levels, the limit");
}

bool Reader::colon(const FieldPath& path) {
  white_space();
  if (!eat(':')) return expected(":", path);
  white_space();
  return true;
}

bool Reader::word(std::string_view word, const FieldPath& path) {
  const std::string_view rest(at_, static_cast<std::size_t>(end_ - at_));
  if (!rest.starts_with(word)) return expected(word, path);
  at_ += word.size();
  return true;
}

std::string_view Reader::token() const noexcept {
  const char* to = at_;
  const char* const limit = at_ + std::min<std::ptrdiff_t>(end_ - at_, kLongestToken);
  if (to != limit && *to == '"') {
    do ++to;
    while (to != limit && *to != '"');
    return {at_, static_cast<std::size_t>(to - at_) + (to != limit ? 1 : 0)};
  }
  if (to != limit) ++to;
  while (to != limit && !is_white(*to) &&
         std::string_view(",:]}[{\"").find(*to) == std::string_view::npos) {
    ++to;
  }
  return {at_, static_cast<std::size_t>(to - at_)};
}

bool Reader::text(std::string_view& out, std::string& scratch, const FieldPath& path) {
  const char* const begin = at_ + 1;
  const char* const end = find_text_end(begin, end_);
  if (end != end_ && *end == '"') [[likely]] {
    out = {begin, static_cast<std::size_t>(end - begin)};
    at_ = end + 1;
    return true;
  }
  const std::size_t before = out_.size();
  if (!append_text(path)) return false;
  scratch.assign(out_.view().substr(before));
  out_.truncate(before);
  out = scratch;
  return true;
}

bool Reader::append_text(const FieldPath& path) {
  const char* const quote = at_++;
  while (true) {
    const char* const end = find_text_end(at_, end_);
    if (end != at_) out_.put({at_, static_cast<std::size_t>(end - at_)});
    at_ = end;
    if (at_ == end_) return fail(quote, path, "the string does not end");
    if (*at_ == '"') break;
    if (*at_ != '\\') {
      const bool control = static_cast<unsigned char>(*at_) < ' ';
      return fail(at_, path,
                  control ? "a control character in a string has to be written as \\n or \\u001f"
                          : "a string is not UTF-8");
    }
    if (!escape(path)) return false;
  }
  ++at_;
  return true;
}

bool Reader::escape(const FieldPath& path) {
  constexpr std::string_view kLetters = "\"\\/bfnrt";
  constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
  const char* const at = at_++;
  const char c = next();
  if (c == 'u') return unicode_escape(path);
  const std::size_t found = at_ == end_ ? std::string_view::npos : kLetters.find(c);
  if (found == std::string_view::npos)
    return fail(at, path, "a backslash is followed by none of \"\\/bfnrtu");
  out_.put(kMeant[found]);
  ++at_;
  return true;
}

bool Reader::hexadecimal(std::uint32_t& value) noexcept {
  if (end_ - at_ < 4) return false;
  value = 0;
  for (int i = 0; i < 4; ++i, ++at_) {
    const char c = *at_;
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) return false;
    value = value << 4 | static_cast<std::uint32_t>(digit);
  }
  return true;
}

bool Reader::unicode_escape(const FieldPath& path) {
  const char* const at = at_++ - 1;
  std::uint32_t code = 0;
  if (!hexadecimal(code)) return fail(at, path, "\\u is not followed by four hexadecimal digits");
  if (code >= 0xd800 && code < 0xe000) {
    // A character above U+FFFF is a pair of surrogates.
    std::uint32_t low = 0;
    const bool paired = code < 0xdc00 && end_ - at_ >= 6 && at_[0] == '\\' && at_[1] == 'u' &&
                        (at_ += 2, hexadecimal(low)) && low >= 0xdc00 && low < 0xe000;
    if (!paired) {
      return fail(at, path,
                  "\\u" + std::string(at + 2, 4) + " is a surrogate without its other half");
    }
    code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
  }
  put_utf8(code, out_);
  return true;
}

bool Reader::skip(const FieldPath& path) {
  white_space();
  switch (next()) {
    case '{':
      return skip_container('}', path);
    case '[':
      return skip_container(']', path);
    case '"': {
      std::string scratch;
      std::string_view unused;
      return text(unused, scratch, path);
    }
    case 't':
      return word("true", path);
    case 'f':
      return word("false", path);
    case 'n':
      return word("null", path);
    default:
      break;
  }
  const char* const end = number_end(at_, end_);
  if (end == at_) return expected("a value", path);
  at_ = end;
  return true;
}

bool Reader::skip_container(char close, const FieldPath& path) {
  if (!enter(path)) return false;
  white_space();
  if (!eat(close)) {
    do {
      white_space();
      if (close == '}') {
        std::string scratch;
        std::string_view unused;
        if (next() != '"') return expected("the name of a member", path);
        if (!text(unused, scratch, path) || !colon(path)) return false;
      }
      if (!skip(path)) return false;
    } while (more(close, path));
    if (failed()) return false;
  }
  --level_;
  return true;
}

}  // namespace weft::codec::json
