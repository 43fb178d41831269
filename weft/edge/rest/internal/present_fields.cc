#include "weft/edge/rest/internal/present_fields.h"

#include <algorithm>
#include <string>

#include "weft/base/text/ascii.h"

namespace weft::edge::rest {
namespace {

using codec::FieldKind;
using codec::FieldTable;
using codec::MessageTable;
using codec::WellKnown;

bool is_blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/// Whether the fields of a field have paths.
bool has_fields(const FieldTable& field) {
  return field.kind == FieldKind::Message && !field.repeated &&
         field.message().well_known() == WellKnown::None;
}

/// The name that a JSON string is. Names of fields are of ASCII, so of its escapes those count.
std::string name_of_key(std::string_view key) {
  constexpr std::string_view kUnicode = "\\u00";
  std::string name;
  while (!key.empty()) {
    if (key.starts_with(kUnicode) && key.size() >= 6) {
      name += static_cast<char>(ascii::hex_value(key[4]) * 16 + ascii::hex_value(key[5]));
      key.remove_prefix(6);
    } else {
      name += key.front();
      key.remove_prefix(1);
    }
  }
  return name;
}

/// Walks over JSON that is known to be sound.
class Walk {
 public:
  Walk(std::string_view json, codec::OutputBytes& out) noexcept : json_(json), out_(out) {}

  /// Whether it is an object, behind a byte order mark, and not null.
  bool begins_object() noexcept {
    constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
    if (json_.starts_with(kByteOrderMark)) at_ = kByteOrderMark.size();
    return next() == '{';
  }

  /// False where the paths are too large.
  bool object(const MessageTable& type) {
    for (++at_; next() != '}' && !at_end();) {
      if (next() == ',') ++at_;
      next();
      const FieldTable* const field = type.by_name(name_of_key(string()));
      next();
      ++at_;  // the colon
      next();
      if (field == nullptr) {
        skip();
      } else if (!member(*field)) {
        return false;
      }
    }
    ++at_;
    return true;
  }

 private:
  bool at_end() const noexcept { return at_ >= json_.size(); }
  /// What comes behind white space; NUL at the end.
  char next() noexcept {
    while (!at_end() && is_blank(json_[at_])) ++at_;
    return at_end() ? '\0' : json_[at_];
  }

  bool member(const FieldTable& field) {
    const std::size_t outside = path_.size();
    if (outside != 0) path_ += '.';
    path_ += field.name;
    bool fits = true;
    if (has_fields(field) && json_[at_] == '{' && !is_empty_object()) {
      fits = object(field.message());
    } else {
      skip();
      fits = put();
    }
    path_.resize(outside);
    return fits;
  }

  bool is_empty_object() noexcept {
    const std::size_t begin = at_++;
    const bool empty = next() == '}';
    at_ = begin;
    return empty;
  }

  bool put() {
    constexpr char kPaths = 0x0a;
    size_ += path_.size();
    if (size_ > kMaskSize) return false;
    out_.put(kPaths);
    out_.put_varint(path_.size());
    out_.put(path_);
    return true;
  }

  /// The content of the string that begins here, which is passed over.
  std::string_view string() noexcept {
    const std::size_t begin = ++at_;
    while (!at_end() && json_[at_] != '"') at_ += json_[at_] == '\\' ? 2 : 1;
    return json_.substr(begin, at_++ - begin);
  }

  /// Passes over a value.
  void skip() noexcept {
    int depth = 0;
    do {
      const char c = next();
      if (c == '"') {
        string();
      } else if (c == '{' || c == '[') {
        ++depth;
        ++at_;
      } else if (c == '}' || c == ']') {
        --depth;
        ++at_;
      } else if (c == ',' || c == ':') {
        ++at_;
      } else {
        at_ = std::min(json_.find_first_of(",]}: \t\r\n", at_), json_.size());
      }
    } while (depth > 0 && !at_end());
  }

  const std::string_view json_;
  codec::OutputBytes& out_;
  std::size_t at_ = 0;
  std::string path_;  // of the object's field that is read
  std::size_t size_ = 0;
};

}  // namespace

Status add_present_fields(const FieldTable& mask, const MessageTable& type, std::string_view json,
                          codec::OutputBytes& out) {
  Walk walk(json, out);
  // A mask without paths would mean everything (google.aip.dev/134).
  if (!walk.begins_object()) {
    return invalid_argument("the content is null, which names no fields to change: send the " +
                            std::string(mask.name));
  }
  out.put_tag(mask);
  const std::size_t begin = out.begin_sized();
  const bool fits = walk.object(type);
  out.end_sized(begin);
  if (fits) return {};
  return invalid_argument("the content has more fields than a mask of " +
                          std::to_string(kMaskSize) + " bytes can name: send the " +
                          std::string(mask.name));
}

}  // namespace weft::edge::rest
