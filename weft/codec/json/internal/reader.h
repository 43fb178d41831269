#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "weft/codec/json/wire_json.h"
#include "weft/codec/schema/field_path.h"
#include "weft/codec/schema/seen_fields.h"
#include "weft/codec/schema/text/number.h"

namespace weft::codec::json {

/// What was too deep to be printed is marked by an object one level deeper, in a list perhaps.
inline constexpr int kLevelsOfMarks = 2;

constexpr bool is_white(char c) noexcept {
  // Most often it is none, which one comparison tells.
  return c <= ' ' && (c == ' ' || c == '\n' || c == '\r' || c == '\t');
}

/// The field whose name is next, if it is one of the next few in the order of the declaration: most
/// texts have that order, with some fields left out.
inline const FieldTable* next_field(const MessageTable& table, std::uint32_t expected,
                                    const char* at, const char* end) noexcept {
  constexpr std::uint32_t kFieldsTried = 4;
  const std::uint32_t last = std::min(table.size(), expected + kFieldsTried);
  for (std::uint32_t i = expected; i < last; ++i) {
    if (table.field(i).begins(at, static_cast<std::size_t>(end - at))) return &table.field(i);
  }
  return nullptr;
}

/// Reads JSON in one pass into protobuf's encoding. Every function returns false when it has
/// failed, and then nothing more is read. All that recurses is bounded by max_depth.
///
///     message -> object -> member -> field -> list, map, single
///             -> special types
class Reader {
 public:
  Reader(std::string_view json, const JsonReadOptions& options, OutputBytes& out,
         JsonFault& fault) noexcept;

  bool read(const MessageTable& table);
  bool read_field(const FieldTable& field);

 private:
  // reader.cc: messages and fields
  /// Whether the text ends here, and what has been appended since `begin` is not too large.
  bool end(std::size_t begin, std::string_view what);
  bool message(const MessageTable& table, const FieldPath& path);
  bool object(const MessageTable& table, const FieldPath& path, bool in_any);
  bool member(const MessageTable& table, SeenFields& seen, std::uint32_t& expected, FieldPath& path,
              bool in_any);
  bool known(const FieldTable& field, SeenFields& seen, const char* at, FieldPath& path);
  bool unknown(const MessageTable& table, std::string_view name, const char* at, FieldPath& path);
  bool field(const FieldTable& field, FieldPath& path);
  bool null_field(const FieldTable& field, const FieldPath& path);
  bool list(const FieldTable& field, FieldPath& path);
  // reader_plain.cc: what most texts are made of
  /// Members in the order of the declaration with plain values, up to the first other one; true
  /// where the object has ended.
  bool plain_members(const MessageTable& table, SeenFields& seen, std::uint32_t& expected);
  /// The same of a map's entries.
  bool plain_entries(const FieldTable& field);
  /// Elements of a packed list that are plain numbers with commas behind them; what is left, the
  /// last one at least, is for packed_element(). Returns how many there were.
  std::uint64_t plain_elements(const FieldTable& field);
  template <class Put>
  std::uint64_t plain_integers(std::int64_t least, std::uint64_t greatest, Put put);
  std::uint64_t plain_doubles();
  bool packed_element(const FieldTable& field, const FieldPath& path);
  bool map(const FieldTable& field, FieldPath& path);
  bool map_entry(const FieldTable& field, FieldPath& path);
  bool map_key(const FieldTable& key, std::string& scratch, FieldPath& path);
  bool single(const FieldTable& field, const FieldPath& path);
  bool message_set_item(const FieldTable& field, const FieldPath& path);
  bool marked_value(const FieldPath& path);
  static bool takes_null(const FieldTable& field) noexcept;

  // reader_values.cc: scalars
  bool value(const FieldTable& field, const FieldPath& path);
  bool integer(const FieldTable& field, const FieldPath& path);
  bool slow_integer(const FieldTable& field, const FieldPath& path);
  bool beyond(const FieldTable& field, const std::string& shown, bool negative, const char* at,
              const FieldPath& path);
  bool put_integer(const FieldTable& field, Integer value, const char* at, const FieldPath& path);
  bool floating(const FieldTable& field, const FieldPath& path);
  void put_floating(bool is_float, double number, float small);
  bool boolean(const FieldPath& path);
  bool enumerator(const FieldTable& field, const FieldPath& path);
  bool string(const FieldPath& path);
  /// `{"@bytes": "<base64>"}`, whose bytes are appended.
  bool mark(std::string_view wanted, const FieldPath& path);
  bool bytes(const FieldPath& path);
  /// The text of a number, in quotes or not.
  bool number_text(const FieldTable& field, std::string_view& text, std::string& scratch,
                   const FieldPath& path);

  // reader_text.cc: JSON itself
  void white_space() noexcept {
    while (at_ != end_ && is_white(*at_)) ++at_;
  }
  bool eat(char c) noexcept {
    if (next() != c) return false;
    ++at_;
    return true;
  }
  bool enter(const FieldPath& path) {
    if (level_ >= limit_) [[unlikely]]
      return too_deep(path);
    ++level_;
    ++at_;
    return true;
  }
  bool too_deep(const FieldPath& path);
  /// After an element: whether another one follows. False at the end of the container, and, with
  /// failed(), where neither a comma nor `close` comes.
  bool more(char close, const FieldPath& path) {
    white_space();
    if (eat(',')) return true;
    if (!eat(close)) expected(close == '}' ? ", or }" : ", or ]", path);
    return false;
  }
  bool colon(const FieldPath& path);
  /// The string here; a view of the text or, where it has escapes, of `scratch`.
  bool text(std::string_view& out, std::string& scratch, const FieldPath& path);
  bool append_text(const FieldPath& path);
  bool escape(const FieldPath& path);
  bool unicode_escape(const FieldPath& path);
  bool hexadecimal(std::uint32_t& value) noexcept;
  bool word(std::string_view word, const FieldPath& path);
  bool skip(const FieldPath& path);
  bool skip_container(char close, const FieldPath& path);
  std::string_view token() const noexcept;

  // reader_special.cc: well-known types
  bool special(const MessageTable& table, const FieldPath& path);
  bool any(const MessageTable& table, const FieldPath& path);
  bool find_type(std::string& url, bool& raw, const FieldPath& path);
  bool any_content(const MessageTable& held, const FieldPath& path);
  bool any_member(std::string_view wanted, const MessageTable* held, const FieldPath& path);
  bool marked_special(const MessageTable& table, const FieldPath& path);
  bool time(const MessageTable& table, const FieldPath& path);
  bool field_mask(const FieldPath& path);
  bool json_value(const MessageTable& table, const FieldPath& path);

  bool fail(const char* at, const FieldPath& path, std::string text);
  bool expected(std::string_view what, const FieldPath& path);
  bool failed() const noexcept { return failed_; }
  char next() const noexcept { return at_ != end_ ? *at_ : '\0'; }

  const JsonReadOptions& options_;
  OutputBytes& out_;
  JsonFault& fault_;
  const char* const begin_;
  const char* at_;
  const char* const end_;
  const int limit_;  // of level_
  int level_ = 0;
  bool failed_ = false;
  bool dropped_ = false;  // the value that was read is an enum's unknown name, and is passed over
  SeenFields::Stack seen_;
};

}  // namespace weft::codec::json
