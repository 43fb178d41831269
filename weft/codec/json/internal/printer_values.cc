#include <algorithm>
#include <bit>
#include <cstring>
#include <type_traits>

#include <google/protobuf/descriptor.h>

#include "weft/base/text/json_text.h"
#include "weft/codec/json/internal/printer.h"
#include "weft/codec/json/internal/text_scan.h"
#include "weft/codec/schema/text/base64.h"
#include "weft/codec/schema/text/number.h"

namespace weft::codec::json {
namespace {

/// The strings of an entry as protobuf writes it: both, and nothing else.
bool strings_of(const FieldTable& key, const FieldTable& held, std::string_view bytes,
                std::string_view& name, std::string_view& value) noexcept {
  if (bytes.size() < 4 || bytes[0] != key.tag[0]) return false;
  WireReader reader(bytes.substr(1));
  if (!reader.sized(name) || reader.at_end() || *reader.position() != held.tag[0]) return false;
  WireReader rest(reader.rest().substr(1));
  return rest.sized(value) && rest.at_end();
}

/// A text without escapes, in quotes; null where it is another one. Bytes may be read up to `end`,
/// and a block may be written beyond what is returned.
inline char* put_plain_text(std::string_view text, const char* end, char* to) noexcept {
  *to++ = '"';
  const char* at = text.data();
  auto left = static_cast<std::ptrdiff_t>(text.size());
  for (; left > 0 && end - at >= kBlock; at += kBlock, to += kBlock, left -= kBlock) {
    if (first_special(at, to) < std::min<std::ptrdiff_t>(left, kBlock)) break;
  }
  if (left > 0) {
    if (find_text_end(at, at + left) != at + left) return nullptr;
    std::memcpy(to, at, static_cast<std::size_t>(left));
  }
  to[left] = '"';
  return to + left + 1;
}

}  // namespace

void Printer::name(const FieldTable& field, bool& first) {
  separate(first);
  out_.put_name(options_.declared_names ? field.quoted_name : field.quoted_json_name);
  colon();
}

bool Printer::begin_list(const FieldTable& field, const FieldPath& path) {
  return open(field.map ? '{' : '[', false, path);
}

void Printer::end_list(const FieldTable& field, bool empty) { close(field.map ? '}' : ']', empty); }

bool Printer::element(const FieldTable& field, WireReader& reader, WireType wire,
                      std::uint64_t& count, FieldPath& path) {
  std::string_view bytes;
  if (field.map) {
    if (plain_entries(field, reader, count)) return true;
    if (!reader.sized(bytes)) return malformed(field.message(), path);
    return entry(field, bytes, count++ == 0, path);
  }
  if (wire == WireType::Bytes && is_packable(field.kind)) {
    return reader.sized(bytes) && packed(field, bytes, count, path);
  }
  bool first = count == 0;
  separate(first);
  path.set_index(count++);
  return value(field, reader, path);
}

template <class Next>
std::uint64_t Printer::plain_numbers(WireReader& reader, bool first, Next next_value) {
  // The loop that counts: reader and end of the output are kept in registers.
  constexpr std::size_t kRoom = kLongestNumber + 4;
  WireReader from = reader;
  std::uint64_t count = 0;
  char* begin = out_.room(kRoom);
  const char* last = out_.data() + out_.capacity() - kRoom;
  while (!from.at_end()) {
    if (begin > last) [[unlikely]] {
      out_.set_end(begin);
      begin = out_.room(kRoom);
      last = out_.data() + out_.capacity() - kRoom;
    }
    char* to = begin;
    *to = ',';
    to += first ? 0 : 1;
    to = next_value(from, to);
    if (to == nullptr) break;
    begin = to;
    first = false;
    ++count;
  }
  out_.set_end(begin);
  reader = from;
  return count;
}

std::uint64_t Printer::plain_elements(const FieldTable& field, WireReader& reader, bool first) {
  const auto to_text = [](auto value, char* to) {
    if constexpr (std::is_signed_v<decltype(value)>) {
      return put_signed(value, to);
    } else {
      return put_unsigned(value, to);
    }
  };
  const auto quoted = [to_text, bare = options_.long_numbers](auto value, char* to) {
    if (bare) return to_text(value, to);
    *to = '"';
    char* const end = to_text(value, to + 1);
    *end = '"';
    return end + 1;
  };
  // Null, and the reader as it was, where the number is cut off.
  const auto varint = [](auto put) {
    return [put](WireReader& from, char* to) -> char* {
      std::uint64_t value = 0;
      return from.varint(value) ? put(value, to) : nullptr;
    };
  };
  switch (field.kind) {
    case FieldKind::Int32:
      return plain_numbers(reader, first, varint([=](std::uint64_t value, char* to) {
                             return to_text(static_cast<std::int32_t>(value), to);
                           }));
    case FieldKind::UInt32:
      return plain_numbers(reader, first, varint([=](std::uint64_t value, char* to) {
                             return to_text(static_cast<std::uint32_t>(value), to);
                           }));
    case FieldKind::Int64:
      return plain_numbers(reader, first, varint([=](std::uint64_t value, char* to) {
                             return quoted(static_cast<std::int64_t>(value), to);
                           }));
    case FieldKind::UInt64:
      return plain_numbers(reader, first, varint(quoted));
    case FieldKind::Double:
      return plain_numbers(reader, first, [](WireReader& from, char* to) -> char* {
        std::uint64_t bits = 0;
        return from.fixed64(bits) ? put_double(std::bit_cast<double>(bits), to) : nullptr;
      });
    default:
      return 0;
  }
}

bool Printer::packed(const FieldTable& field, std::string_view bytes, std::uint64_t& count,
                     FieldPath& path) {
  WireReader reader(bytes);
  if (options_.indent <= 0) count += plain_elements(field, reader, count == 0);
  while (!reader.at_end()) {
    bool first = count == 0;
    separate(first);
    path.set_index(count++);
    if (!scalar(field, reader, path)) return false;
  }
  return true;
}

bool Printer::parts_of(const FieldTable& field, std::string_view bytes, EntryParts& out) {
  const MessageTable& table = field.message();
  out.end = bytes.data() + bytes.size();
  for (WireReader reader(bytes); !reader.at_end();) {
    std::uint32_t number = 0;
    WireType wire{};
    if (!reader.tag(number, wire)) return false;
    const char* const at = reader.position();
    if (!reader.skip(number, wire)) return false;
    if (number == 1 && wire == table.field(0).wire) out.key = at;
    if (number == 2 && wire == table.field(1).wire) out.value = at;
  }
  return true;
}

bool Printer::plain_entries(const FieldTable& field, WireReader& reader, std::uint64_t& count) {
  const FieldTable& key = field.message().field(0);
  const FieldTable& held = field.message().field(1);
  const bool are_strings = key.kind == FieldKind::String && held.kind == FieldKind::String;
  // With marks a key may have to be marked.
  if (!are_strings || options_.marks || options_.indent > 0) return false;
  const char* const end = reader.rest().data() + reader.rest().size();
  while (true) {
    WireReader next = reader;
    std::string_view bytes;
    std::string_view name;
    std::string_view value;
    if (!next.sized(bytes) || !strings_of(key, held, bytes, name, value)) return false;
    // Two pairs of quotes, a colon and a comma.
    char* to = out_.room(bytes.size() + 6 + 2 * kBlock);
    *to = ',';
    to = put_plain_text(name, end, to + (count == 0 ? 0 : 1));
    if (to == nullptr) return false;
    *to = ':';
    to = put_plain_text(value, end, to + 1);
    if (to == nullptr) return false;
    out_.set_end(to);
    ++count;
    reader = next;
    std::uint32_t number = 0;
    WireType wire{};
    if (next.at_end() || !next.tag(number, wire) || number != field.number) return true;
    if (wire != WireType::Bytes) return true;
    reader = next;
  }
}

bool Printer::entry(const FieldTable& field, std::string_view bytes, bool first, FieldPath& path) {
  const MessageTable& table = field.message();
  EntryParts parts;
  // There is no mark in a map that could not be a key of it, so the message is marked.
  if (!parts_of(field, bytes, parts)) return malformed(table, path);
  separate(first);
  if (!map_key(table.field(0), parts, path)) return false;
  out_.put(':');
  colon();
  const FieldTable& held = table.field(1);
  if (parts.value != nullptr) {
    WireReader reader({parts.value, static_cast<std::size_t>(parts.end - parts.value)});
    return value(held, reader, path);
  }
  if (held.kind == FieldKind::Message) return marked_message(held.message(), {}, path);
  return default_value(held, path);
}

bool Printer::map_key(const FieldTable& key, const EntryParts& parts, FieldPath& path) {
  if (key.kind != FieldKind::String) {
    // A 64-bit number has its quotes already.
    const std::size_t before = out_.size();
    out_.put('"');
    WireReader reader(
        parts.key == nullptr
            ? std::string_view()
            : std::string_view(parts.key, static_cast<std::size_t>(parts.end - parts.key)));
    if (!(parts.key == nullptr ? default_value(key, path) : scalar(key, reader, path)))
      return false;
    if (out_.data()[before + 1] == '"') {
      const std::string quoted(out_.view().substr(before + 1));
      out_.truncate(before);
      out_.put(quoted);
    } else {
      out_.put('"');
    }
    return true;
  }
  std::string_view text;
  if (parts.key != nullptr) {
    WireReader({parts.key, static_cast<std::size_t>(parts.end - parts.key)}).sized(text);
  }
  path.set_key(text);
  const Place before = place();
  constexpr std::string_view kMark = "@bytes:";
  if (!(options_.marks && text.starts_with(kMark)) && string(text)) [[likely]]
    return true;
  return_to(before);
  if (!options_.marks) return fail(Fault::NotWritable, "the key is not UTF-8", path);
  out_.put("\"@bytes:");
  put_base64(text, out_);
  out_.put('"');
  return true;
}

bool Printer::value(const FieldTable& field, WireReader& reader, const FieldPath& path) {
  std::string_view bytes;
  switch (field.kind) {
    case FieldKind::Message:
      if (!reader.sized(bytes)) return malformed(field.message(), path);
      return marked_message(field.message(), bytes, path);
    case FieldKind::Group:
      if (!reader.group(field.number, bytes)) return malformed(field.message(), path);
      return marked_message(field.message(), bytes, path);
    case FieldKind::String:
      if (!reader.sized(bytes)) return fail(Fault::Malformed, "it is cut off", path);
      return text_value(bytes, path);
    default:
      return scalar(field, reader, path);
  }
}

bool Printer::text_value(std::string_view bytes, const FieldPath& path) {
  const Place before = place();
  if (string(bytes)) [[likely]]
    return true;
  return_to(before);
  if (!options_.marks) {
    return fail(Fault::NotWritable,
                "a string of " + std::to_string(bytes.size()) + " bytes is not UTF-8", path);
  }
  bool first = true;
  out_.put('{');
  ++level_;
  member("\"@bytes\":", first);
  base64(bytes);
  close('}', false);
  return true;
}

template <class T>
void Printer::number(T value) {
  char* const to = out_.room(kLongestNumber + 2);
  if constexpr (std::is_same_v<T, double>) {
    out_.set_end(put_double(value, to));
  } else if constexpr (std::is_same_v<T, float>) {
    out_.set_end(put_float(value, to));
  } else {
    // 64 bits are more than a number of JavaScript holds, so they are in quotes.
    const bool quoted = sizeof(T) == 8 && !options_.long_numbers;
    *to = '"';
    char* end = nullptr;
    if constexpr (std::is_signed_v<T>) {
      end = put_signed(value, to + (quoted ? 1 : 0));
    } else {
      end = put_unsigned(value, to + (quoted ? 1 : 0));
    }
    if (quoted) *end++ = '"';
    out_.set_end(end);
  }
}

bool Printer::scalar(const FieldTable& field, WireReader& reader, const FieldPath& path) {
  std::uint64_t wide = 0;
  std::uint32_t narrow = 0;
  std::string_view bytes;
  const bool read = field.wire == WireType::Varint    ? reader.varint(wide)
                    : field.wire == WireType::Fixed64 ? reader.fixed64(wide)
                    : field.wire == WireType::Fixed32 ? reader.fixed32(narrow)
                                                      : reader.sized(bytes);
  if (!read) return fail(Fault::Malformed, "it is cut off", path);
  switch (field.kind) {
    case FieldKind::Double:
      number(std::bit_cast<double>(wide));
      break;
    case FieldKind::Float:
      number(std::bit_cast<float>(narrow));
      break;
    case FieldKind::Int32:
      number(static_cast<std::int32_t>(wide));
      break;
    case FieldKind::UInt32:
      number(static_cast<std::uint32_t>(wide));
      break;
    case FieldKind::SInt32:
      number(unzigzag(static_cast<std::uint32_t>(wide)));
      break;
    case FieldKind::Fixed32:
      number(narrow);
      break;
    case FieldKind::SFixed32:
      number(static_cast<std::int32_t>(narrow));
      break;
    case FieldKind::Int64:
    case FieldKind::SFixed64:
      number(static_cast<std::int64_t>(wide));
      break;
    case FieldKind::SInt64:
      number(unzigzag(wide));
      break;
    case FieldKind::UInt64:
    case FieldKind::Fixed64:
      number(wide);
      break;
    case FieldKind::Bool:
      out_.put(wide != 0 ? "true" : "false");
      break;
    case FieldKind::Enum:
      enum_value(field, static_cast<std::int32_t>(wide));
      break;
    case FieldKind::String:
      return text_value(bytes, path);
    default:
      base64(bytes);
  }
  return true;
}

void Printer::enum_value(const FieldTable& field, std::int32_t value) {
  if (field.enums->is_null_value() && value == 0) return out_.put("null");
  const EnumTable::Value* const known =
      options_.enum_numbers ? nullptr : field.enums->by_number(value);
  if (known == nullptr) return number(value);
  out_.put(known->quoted);
}

bool Printer::default_value(const FieldTable& field, const FieldPath& path) {
  if (field.kind == FieldKind::Enum) {
    enum_value(field, field.descriptor->default_value_enum()->number());
    return true;
  }
  constexpr std::string_view kZeros("\0\0\0\0\0\0\0\0", 8);
  WireReader zero(kZeros);
  return scalar(field, zero, path);
}

void Printer::base64(std::string_view bytes) {
  out_.put('"');
  put_base64(bytes, out_);
  out_.put('"');
}

bool Printer::string(std::string_view bytes) {
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  const char* plain = find_text_end(at, end);
  if (plain == end) [[likely]] {
    char* const to = out_.room(bytes.size() + 2);
    *to = '"';
    if (!bytes.empty()) std::memcpy(to + 1, at, bytes.size());
    to[bytes.size() + 1] = '"';
    out_.advance(bytes.size() + 2);
    return true;
  }
  out_.put('"');
  for (;; plain = find_text_end(at, end)) {
    if (plain != at) out_.put({at, static_cast<std::size_t>(plain - at)});
    if (plain == end) break;
    if (static_cast<unsigned char>(*plain) >= 0x80) return false;
    out_.set_end(put_json_escape(*plain, out_.room(kLongestJsonEscape)));
    at = plain + 1;
  }
  out_.put('"');
  return true;
}

}  // namespace weft::codec::json
