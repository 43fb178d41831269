#include <google/protobuf/descriptor.h>

#include "weft/base/text/printable.h"
#include "weft/codec/msgpack/internal/value_format.h"
#include "weft/codec/msgpack/internal/writer.h"
#include "weft/codec/schema/text_check.h"

namespace weft::codec::msgpack {
namespace {

constexpr std::size_t kLongestShown = 64;

}  // namespace

// Both are used in this file only, and their calls cost as much as they do.
inline bool Writer::varint(const FieldTable& field, WireReader& reader) {
  std::uint64_t value = 0;
  if (!reader.varint(value)) return false;
  if (field.enums != nullptr) {
    enum_value(field, static_cast<std::int32_t>(value));
  } else {
    out_.set_end(put_varint_value(field.kind, value, out_.room(9)));
  }
  return true;
}

inline bool Writer::scalar(const FieldTable& field, WireReader& reader) {
  if (field.wire == WireType::Varint) return varint(field, reader);
  if (field.wire == WireType::Fixed32) {
    std::uint32_t value = 0;
    if (!reader.fixed32(value)) return false;
    out_.set_end(put_fixed32_value(field.kind, value, out_.room(9)));
    return true;
  }
  std::uint64_t value = 0;
  if (!reader.fixed64(value)) return false;
  out_.set_end(put_fixed64_value(field.kind, value, out_.room(9)));
  return true;
}

bool Writer::value(const FieldTable& field, WireReader& reader, const FieldPath& path) {
  std::string_view bytes;
  switch (field.kind) {
    case FieldKind::String:
      return reader.sized(bytes) ? string(bytes, path) : malformed(field, path);
    case FieldKind::Bytes:
      if (!reader.sized(bytes)) return malformed(field, path);
      bin(bytes);
      return true;
    case FieldKind::Message:
      return reader.sized(bytes) ? message(field.message(), bytes, path) : malformed(field, path);
    case FieldKind::Group:
      return reader.group(field.number, bytes) ? message(field.message(), bytes, path)
                                               : malformed(field, path);
    default:
      return scalar(field, reader) || malformed(field, path);
  }
}

/// Values of an enum, each of which may have a name.
bool Writer::packed_enums(const FieldTable& field, WireReader& reader, std::uint64_t& count) {
  for (; !reader.at_end(); ++count) {
    if (!varint(field, reader)) return false;
  }
  return true;
}

bool Writer::entry(const FieldTable& field, std::string_view bytes, FieldPath& path) {
  const FieldTable& key = field.message().field(0);
  const FieldTable& held = field.message().field(1);
  // Protobuf writes the key and then the value; of both a default may be missing.
  WireReader reader(bytes);
  std::uint32_t number = 0;
  WireType wire{};
  bool more = !reader.at_end();
  if (more && !reader.tag(number, wire)) return malformed(field, path);
  if (more && number == key.number && wire == key.wire) {
    if (!map_key(key, reader, path)) return false;
    more = !reader.at_end();
    if (more && !reader.tag(number, wire)) return malformed(field, path);
  } else {
    default_value(key);
  }
  if (more && number == held.number && wire == held.wire) return value(held, reader, path);
  if (held.kind == FieldKind::Message) return message(held.message(), {}, path);
  default_value(held);
  return true;
}

bool Writer::map_key(const FieldTable& key, WireReader& reader, FieldPath& path) {
  if (key.kind != FieldKind::String) {
    return scalar(key, reader) || malformed(key, path);
  }
  std::string_view text;
  if (!reader.sized(text)) return malformed(key, path);
  path.set_key(text);
  return string(text, path);
}

void Writer::default_value(const FieldTable& field) {
  switch (field.kind) {
    case FieldKind::String:
      return put(kFixString);
    case FieldKind::Bytes:
      return bin({});
    case FieldKind::Bool:
      return put(kFalse);
    case FieldKind::Float:
      out_.set_end(put_coded(kFloat32, std::uint32_t{0}, out_.room(9)));
      return;
    case FieldKind::Double:
      out_.set_end(put_coded(kFloat64, std::uint64_t{0}, out_.room(9)));
      return;
    case FieldKind::Enum:
      return enum_value(field, field.enums->first());
    default:
      out_.put('\0');
  }
}

void Writer::enum_value(const FieldTable& field, std::int32_t number) {
  if (field.enums->is_null_value() && number == 0) return put(kNil);
  if (options_.enum_names) {
    if (const EnumTable::Value* known = field.enums->by_number(number)) return text(known->name);
  }
  out_.set_end(put_signed(number, out_.room(9)));
}

bool Writer::string(std::string_view text, const FieldPath& path) {
  if (!is_text(text)) [[unlikely]] {
    return fail(Fault::NotWritable,
                "the string is not UTF-8: '" + printable(text.substr(0, kLongestShown)) + "'",
                path);
  }
  this->text(text);
  return true;
}

void Writer::text(std::string_view text) {
  char* to = put_string_head(text.size(), out_.room(text.size() + 5));
  if (!text.empty()) std::memcpy(to, text.data(), text.size());
  out_.set_end(to + text.size());
}

void Writer::bin(std::string_view bytes) {
  char* to = put_bin_head(bytes.size(), out_.room(bytes.size() + 5));
  if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
  out_.set_end(to + bytes.size());
}

}  // namespace weft::codec::msgpack
