#include "weft/foreign/gob/value_reader.h"

#include <bit>
#include <cmath>
#include <limits>

#include <google/protobuf/descriptor.h>

#include "weft/base/text/utf8.h"
#include "weft/codec/schema/integers.h"
#include "weft/codec/schema/time.h"

namespace weft::foreign {
namespace {

using codec::FieldKind;
using codec::FieldTable;
using codec::MessageTable;
using codec::WellKnown;
using Kind = GobType::Kind;

/// Types that are no struct in Go.
bool is_plain(const MessageTable& table) noexcept {
  return table.well_known() == WellKnown::Wrapper || table.well_known() == WellKnown::Timestamp ||
         table.well_known() == WellKnown::Duration;
}

bool is_integer(FieldKind kind) noexcept {
  switch (kind) {
    case FieldKind::Double:
    case FieldKind::Float:
    case FieldKind::Bool:
    case FieldKind::String:
    case FieldKind::Bytes:
    case FieldKind::Group:
    case FieldKind::Message:
      return false;
    default:
      return true;
  }
}

/// What Go's time.Time makes of itself: a version, seconds since the year 1, nanoseconds, and the
/// offset of the zone in minutes (time.go, MarshalBinary).
constexpr std::size_t kTimeSize = 15;
constexpr std::int64_t kUnixEpoch = 62'135'596'800;  // seconds since the year 1

std::uint64_t big_endian(std::string_view bytes) noexcept {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

}  // namespace

bool ValueReader::fail(const Path& path, std::string text) {
  const std::string where = path.text();
  status_ = invalid_argument(where.empty() ? text : "field " + where + ": " + text);
  return false;
}

bool ValueReader::does_not_fit(const FieldTable& field, const GobType& type, const Path& path) {
  return fail(path, "a value of Go's type " + type.name + " does not fit " +
                        std::string(field.map        ? "a map"
                                    : field.repeated ? "a repeated field"
                                                     : codec::type_name(field.kind)));
}

const GobType* ValueReader::type_of(std::int64_t id, const Path& path) {
  const GobType* const type = types_.find(id);
  if (type == nullptr) fail(path, "the gob type " + std::to_string(id) + " is not defined");
  return type;
}

bool ValueReader::enter(const Path& path) {
  if (depth_ >= max_depth_) {
    status_ =
        resource_exhausted("field " + path.text() + ": more than " + std::to_string(max_depth_) +
                           " values in each other, which is the limit");
    return false;
  }
  ++depth_;
  return true;
}

Result<Bytes> ValueReader::message(const GobStream::Value& value, const MessageTable& table) {
  const Path root;
  out_.clear();
  status_ = {};
  depth_ = 0;
  GobReader from(value.content);
  const GobType* const type = type_of(value.type, root);
  if (type == nullptr) return status_;
  std::uint64_t zero = 0;
  if (type->kind != Kind::Struct && (!from.unsigned_integer(zero) || zero != 0)) {
    cut_off(root);
    return status_;
  }
  if (!content(*type, from, table, root)) return status_;
  if (!from.at_end()) {
    fail(root, "something follows the gob value");
    return status_;
  }
  return Bytes::copy_of(out_.view());
}

bool ValueReader::content(const GobType& type, GobReader& from, const MessageTable& table,
                          const Path& path) {
  if (!is_plain(table)) {
    if (type.kind == Kind::Struct) return structure(type, from, table, path);
    return fail(path, "a value of Go's type " + type.name + " is no " + table.type().full_name());
  }
  if (table.well_known() == WellKnown::Wrapper) {
    const FieldTable& held = table.field(0);
    out_.put_tag(held);
    return scalar(held, type, from, path);
  }
  return table.well_known() == WellKnown::Timestamp ? time(type, from, path)
                                                    : duration(type, from, path);
}

bool ValueReader::structure(const GobType& type, GobReader& from, const MessageTable& table,
                            const Path& path) {
  if (!enter(path)) return false;
  Path here(&path, {});
  bool over = false;
  for (std::int64_t number = -1; from.next_field(number, over);) {
    if (over) {
      --depth_;
      return true;
    }
    if (number >= static_cast<std::int64_t>(type.fields.size())) return cut_off(path);
    const GobType::Field& given = type.fields[static_cast<std::size_t>(number)];
    here.set_name(given.name);
    const FieldTable* const known = table.by_name_in_any_case(given.name);
    if (known == nullptr ? !skip(given.type, from) : !field(*known, given.type, from, here)) {
      return false;
    }
  }
  return cut_off(path);
}

bool ValueReader::field(const FieldTable& field, std::int64_t id, GobReader& from, Path& path) {
  const GobType* const type = type_of(id, path);
  if (type == nullptr) return false;
  if (field.map) return map(field, *type, from, path);
  if (field.repeated) return list(field, *type, from, path);
  return single(field, *type, from, path);
}

bool ValueReader::single(const FieldTable& field, const GobType& type, GobReader& from,
                         const Path& path) {
  if (field.kind == FieldKind::Group) return does_not_fit(field, type, path);
  out_.put_tag(field);
  if (field.kind != FieldKind::Message) return scalar(field, type, from, path);
  const std::size_t begin = out_.begin_sized();
  if (!content(type, from, field.message(), path)) return false;
  out_.end_sized(begin);
  return true;
}

bool ValueReader::list(const FieldTable& field, const GobType& type, GobReader& from, Path& path) {
  if (type.kind != Kind::List) return does_not_fit(field, type, path);
  const GobType* const element = type_of(type.element, path);
  std::uint64_t count = 0;
  if (element == nullptr || !enter(path)) return false;
  if (!from.unsigned_integer(count) || count > from.left()) return cut_off(path);
  std::size_t begin = 0;
  if (field.packed) {
    out_.put_tag(field);
    begin = out_.begin_sized();
  }
  for (std::uint64_t i = 0; i < count; ++i) {
    path.set_index(i);
    if (!(field.packed ? scalar(field, *element, from, path)
                       : single(field, *element, from, path))) {
      return false;
    }
  }
  if (field.packed) out_.end_sized(begin);
  --depth_;
  return true;
}

bool ValueReader::map(const FieldTable& field, const GobType& type, GobReader& from, Path& path) {
  if (type.kind != Kind::Map) return does_not_fit(field, type, path);
  const GobType* const key = type_of(type.key, path);
  const GobType* const element = key == nullptr ? nullptr : type_of(type.element, path);
  std::uint64_t count = 0;
  if (element == nullptr || !enter(path)) return false;
  if (!from.unsigned_integer(count) || count > from.left()) return cut_off(path);
  for (; count > 0; --count) {
    out_.put_tag(field);
    const std::size_t begin = out_.begin_sized();
    if (!single(field.message().field(0), *key, from, path) ||
        !single(field.message().field(1), *element, from, path)) {
      return false;
    }
    out_.end_sized(begin);
  }
  --depth_;
  return true;
}

// ---- Scalars -----------------------------------------------------------------------------------

bool ValueReader::scalar(const FieldTable& field, const GobType& type, GobReader& from,
                         const Path& path) {
  const bool is_whole = type.kind == Kind::Int || type.kind == Kind::Uint;
  if (is_whole && is_integer(field.kind)) return integer(field, type, from, path);
  const bool is_float = field.kind == FieldKind::Double || field.kind == FieldKind::Float;
  if (type.kind == Kind::Float && is_float) return floating(field, from, path);
  if ((type.kind == Kind::String && field.kind == FieldKind::String) ||
      (type.kind == Kind::Bytes && field.kind == FieldKind::Bytes)) {
    return text(field, from, path);
  }
  if (type.kind != Kind::Bool || field.kind != FieldKind::Bool) {
    return does_not_fit(field, type, path);
  }
  std::uint64_t value = 0;
  if (!from.unsigned_integer(value)) return cut_off(path);
  out_.put_varint(value != 0 ? 1 : 0);
  return true;
}

bool ValueReader::integer(const FieldTable& field, const GobType& type, GobReader& from,
                          const Path& path) {
  std::int64_t number = 0;
  std::uint64_t bits = 0;
  bool negative = false;
  if (type.kind == Kind::Int) {
    if (!from.integer(number)) return cut_off(path);
    negative = number < 0;
    bits = static_cast<std::uint64_t>(number);
  } else if (!from.unsigned_integer(bits)) {
    return cut_off(path);
  }
  const codec::IntegerRange range = codec::range_of(field.kind);
  const bool fits = negative ? number >= range.least : bits <= range.greatest;
  if (!fits) {
    return fail(
        path, codec::beyond_range(
                  field.kind, negative ? std::to_string(number) : std::to_string(bits), negative));
  }
  codec::put_integer(field.kind, bits, out_);
  return true;
}

bool ValueReader::floating(const FieldTable& field, GobReader& from, const Path& path) {
  double value = 0;
  if (!from.floating(value)) return cut_off(path);
  if (field.kind == FieldKind::Double) {
    out_.put_fixed(std::bit_cast<std::uint64_t>(value));
    return true;
  }
  if (std::isfinite(value) && std::abs(value) > std::numeric_limits<float>::max()) {
    return fail(path, "the number is beyond float");
  }
  out_.put_fixed(std::bit_cast<std::uint32_t>(static_cast<float>(value)));
  return true;
}

bool ValueReader::text(const FieldTable& field, GobReader& from, const Path& path) {
  std::string_view value;
  if (!from.bytes(value)) return cut_off(path);
  if (field.kind == FieldKind::String && !is_utf8(value)) {
    return fail(path, "a string of " + std::to_string(value.size()) + " bytes is not UTF-8");
  }
  out_.put_varint(value.size());
  out_.put(value);
  return true;
}

bool ValueReader::time(const GobType& type, GobReader& from, const Path& path) {
  std::string_view value;
  if (type.kind != Kind::Opaque) {
    return fail(path, "a value of Go's type " + type.name + " is no time.Time");
  }
  if (!from.bytes(value)) return cut_off(path);
  // Version 2 has the seconds of the offset besides.
  const bool known = (value.size() == kTimeSize && value[0] == 1) ||
                     (value.size() == kTimeSize + 1 && value[0] == 2);
  if (!known) return fail(path, "it is not what Go's time.Time makes of itself");
  codec::Seconds seconds;
  seconds.seconds = static_cast<std::int64_t>(big_endian(value.substr(1, 8)) -
                                              static_cast<std::uint64_t>(kUnixEpoch));
  seconds.nanos = static_cast<std::int32_t>(big_endian(value.substr(9, 4)));
  if (!codec::is_in_range(WellKnown::Timestamp, seconds)) {
    return fail(path, codec::out_of_range(WellKnown::Timestamp, seconds));
  }
  codec::put_seconds(seconds, out_);
  return true;
}

bool ValueReader::duration(const GobType& type, GobReader& from, const Path& path) {
  constexpr std::int64_t kNanos = 1'000'000'000;
  std::int64_t value = 0;
  if (type.kind != Kind::Int) {
    return fail(path, "a value of Go's type " + type.name + " is no time.Duration");
  }
  if (!from.integer(value)) return cut_off(path);
  codec::put_seconds(
      {.seconds = value / kNanos, .nanos = static_cast<std::int32_t>(value % kNanos)}, out_);
  return true;
}

// ---- What is passed over -----------------------------------------------------------------------

bool ValueReader::skip(std::int64_t id, GobReader& from) {
  const Path here;
  const GobType* const type = type_of(id, here);
  if (type == nullptr || !enter(here)) return false;
  const bool skipped = skip_value(*type, from);
  --depth_;
  return skipped || (status_.ok() ? cut_off(here) : false);
}

bool ValueReader::skip_value(const GobType& type, GobReader& from) {
  std::uint64_t number = 0;
  std::string_view bytes;
  switch (type.kind) {
    case Kind::Complex:
      return from.unsigned_integer(number) && from.unsigned_integer(number);
    case Kind::Bytes:
    case Kind::String:
    case Kind::Opaque:
      return from.bytes(bytes);
    case Kind::Interface:
      return skip_interface(from);
    case Kind::List:
    case Kind::Map:
      if (!from.unsigned_integer(number) || number > from.left()) return false;
      for (; number > 0; --number) {
        if (type.kind == Kind::Map && !skip(type.key, from)) return false;
        if (!skip(type.element, from)) return false;
      }
      return true;
    case Kind::Struct: {
      bool over = false;
      for (std::int64_t field = -1; from.next_field(field, over);) {
        if (over) return true;
        if (field >= static_cast<std::int64_t>(type.fields.size())) return false;
        if (!skip(type.fields[static_cast<std::size_t>(field)].type, from)) return false;
      }
      return false;
    }
    default:
      return from.unsigned_integer(number);
  }
}

/// A name, the id of a type, and a value with its length; nil is an empty name.
bool ValueReader::skip_interface(GobReader& from) {
  std::string_view bytes;
  std::int64_t id = 0;
  if (!from.bytes(bytes)) return false;
  if (bytes.empty()) return true;
  // A type that is defined in the middle of a value is not read: only a known one has an id > 0.
  return from.integer(id) && id > 0 && from.bytes(bytes);
}

}  // namespace weft::foreign
