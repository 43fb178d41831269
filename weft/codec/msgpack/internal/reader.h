#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "weft/codec/msgpack/internal/format.h"
#include "weft/codec/msgpack/msgpack.h"
#include "weft/codec/schema/field_path.h"
#include "weft/codec/schema/seen_fields.h"
#include "weft/codec/schema/tables.h"
#include "weft/codec/schema/wire.h"

namespace weft::codec::msgpack {

/// An integer of 64 bits, signed or not: `bits` in two's complement.
struct Integer {
  std::uint64_t bits = 0;
  bool negative = false;
};

/// Reads MessagePack in one pass into protobuf's encoding. Every function returns false when it has
/// failed, and then nothing more is read. All that recurses is bounded by max_depth. Nothing is
/// reserved for a count or a length that the input claims: both are held against the bytes that
/// follow.
///
///     message -> map -> member -> field -> list, entries, single
///             -> special types
class Reader {
 public:
  Reader(std::string_view bytes, const MsgpackReadOptions& options, OutputBytes& out) noexcept
      : options_(options),
        out_(out),
        begin_(bytes.data()),
        at_(bytes.data()),
        end_(bytes.data() + bytes.size()) {}

  /// Appends the message to `out`; on failure a part of it.
  bool read(const MessageTable& table);
  /// Why read() has failed: "byte 17: field orders[3].price: ..."
  const std::string& fault() const noexcept { return fault_; }

 private:
  // reader.cc: messages and fields; reader_plain.cc: plain_...
  bool message(const MessageTable& table, const FieldPath& path);
  bool map(const MessageTable& table, const FieldPath& path);
  bool members(const MessageTable& table, std::uint64_t count, const FieldPath& path, bool in_any);
  bool member(const MessageTable& table, SeenFields& seen, std::uint32_t& expected, FieldPath& path,
              bool in_any);
  /// Simple members in the order of the declaration, of `count`, up to the first other one. Returns
  /// how many there were.
  std::uint64_t plain_members(const MessageTable& table, std::uint64_t count, SeenFields& seen,
                              std::uint32_t& expected);
  bool named_member(const MessageTable& table, SeenFields& seen, std::uint32_t& expected,
                    FieldPath& path, bool in_any);
  bool numbered_member(const MessageTable& table, SeenFields& seen, FieldPath& path);
  bool known(const FieldTable& field, SeenFields& seen, const char* at, FieldPath& path);
  bool unknown(const MessageTable& table, const std::string& what, const char* at,
               const FieldPath& path);
  bool field(const FieldTable& field, FieldPath& path);
  bool list(const FieldTable& field, FieldPath& path);
  /// Elements of a packed list in the forms that its kind usually has, up to the first in another,
  /// which is for value(). Returns how many there were.
  std::uint64_t plain_elements(const FieldTable& field, std::uint64_t count);
  std::uint64_t plain_integers(std::int64_t least, std::int64_t greatest, std::uint64_t count);
  std::uint64_t plain_doubles(std::uint64_t count);
  bool entries(const FieldTable& field, FieldPath& path);
  bool entry(const FieldTable& field, FieldPath& path);
  bool map_key(const FieldTable& key, FieldPath& path);
  bool single(const FieldTable& field, const FieldPath& path);
  bool message_set_item(const FieldTable& field, const FieldPath& path);

  // reader_values.cc: scalars and the format itself
  bool value(const FieldTable& field, const FieldPath& path);
  bool integer(const FieldTable& field, const FieldPath& path);
  bool beyond(const FieldTable& field, Integer value, const char* at, const FieldPath& path);
  bool floating(const FieldTable& field, const FieldPath& path);
  bool boolean(const FieldPath& path);
  bool enumerator(const FieldTable& field, const FieldPath& path);
  bool string(const FieldPath& path);
  bool bytes(const FieldPath& path);
  bool take_integer(Integer& out, std::string_view wanted, const FieldPath& path);
  bool take_number(double& out, const FieldPath& path);
  bool take_text(std::string_view& out, std::string_view wanted, const FieldPath& path);
  bool take_bin(std::string_view& out, std::string_view wanted, const FieldPath& path);
  bool take_count(std::uint64_t& out, std::uint64_t values_each, const FieldPath& path);
  bool take_bytes(std::uint64_t size, std::string_view& out, const FieldPath& path);
  bool take_length(int width, std::uint64_t& out, const FieldPath& path);
  bool take_extension(std::string_view& out, const FieldPath& path);
  template <class T>
  bool take_big(T& out, const FieldPath& path);
  bool skip(const FieldPath& path);
  bool enter_map(std::uint64_t& count, std::string_view what, const FieldPath& path);
  bool enter_list(std::uint64_t& count, std::string_view what, const FieldPath& path);
  bool enter(const FieldPath& path);
  void leave() noexcept { --level_; }

  // reader_special.cc: well-known types
  bool special(const MessageTable& table, const FieldPath& path);
  bool any(const MessageTable& table, const FieldPath& path);
  bool find_type(std::uint64_t count, std::string_view& url, bool& raw, const FieldPath& path);
  bool any_member(const MessageTable* held, std::uint64_t count, const FieldPath& path);
  bool timestamp(const FieldPath& path);
  bool json_value(const MessageTable& table, const FieldPath& path);

  bool fail(const char* at, const FieldPath& path, const std::string& text);
  bool expected(std::string_view what, const FieldPath& path);
  bool ended(const FieldPath& path);
  /// The first byte of the next value; kNeverUsed at the end.
  std::uint8_t next() const noexcept {
    return at_ != end_ ? static_cast<std::uint8_t>(*at_) : std::uint8_t{kNeverUsed};
  }
  std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - at_); }

  const MsgpackReadOptions& options_;
  OutputBytes& out_;
  const char* const begin_;
  const char* at_;
  const char* const end_;
  int level_ = 0;
  bool dropped_ = false;  // the value that was read is an enum's unknown name, and is passed over
  std::string fault_;
  SeenFields::Stack seen_;
};

/// Whether a string with this text, of at most 31 bytes, begins at `at`.
inline bool begins(std::string_view text, const char* at, const char* end) noexcept {
  const std::size_t size = text.size();
  return size < 32 && static_cast<std::size_t>(end - at) > size &&
         static_cast<std::uint8_t>(*at) == (kFixString | size) &&
         std::memcmp(at + 1, text.data(), size) == 0;
}

/// The same with the name of the field.
inline bool begins(const FieldTable& field, const char* at, const char* end) noexcept {
  const std::size_t size = field.json_name.size();
  const auto left = static_cast<std::size_t>(end - at);
  if (size > 16 || left <= 16 || !field.plain_json_name) [[unlikely]]
    return begins(field.json_name, at, end);
  if (static_cast<std::uint8_t>(*at) != (kFixString | size)) return false;
  // As it stands in quotes, because padding follows it there.
  const char* const text = field.quoted_json_name.data() + 1;
  const auto differ = [at, text](std::size_t from) {
    std::uint64_t here = 0;
    std::uint64_t wanted = 0;
    std::memcpy(&here, at + 1 + from, sizeof here);
    std::memcpy(&wanted, text + from, sizeof wanted);
    return here ^ wanted;
  };
  if (size < 8) return differ(0) << (64 - 8 * size) == 0;
  return (differ(0) | differ(size - 8)) == 0;
}

/// The field whose name is next, if it is one of the next few in the order of the declaration: most
/// messages have that order, with some fields left out.
inline const FieldTable* next_field(const MessageTable& table, std::uint32_t expected,
                                    const char* at, const char* end) noexcept {
  constexpr std::uint32_t kFieldsTried = 4;
  const std::uint32_t last = std::min(table.size(), expected + kFieldsTried);
  for (std::uint32_t i = expected; i < last; ++i) {
    if (begins(table.field(i), at, end)) return &table.field(i);
  }
  return nullptr;
}

constexpr bool is_map(std::uint8_t code) noexcept {
  return (code & 0xf0) == kFixMap || code == kMap16 || code == kMap32;
}
constexpr bool is_list(std::uint8_t code) noexcept {
  return (code & 0xf0) == kFixArray || code == kArray16 || code == kArray32;
}
constexpr bool is_string(std::uint8_t code) noexcept {
  return (code & 0xe0) == kFixString || (code >= kString8 && code <= kString32);
}
constexpr bool is_integer(std::uint8_t code) noexcept {
  return code < kFixMap || code >= kLeastNegativeFix || (code >= kUInt8 && code <= kInt64);
}

}  // namespace weft::codec::msgpack
