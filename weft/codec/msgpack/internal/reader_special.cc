#include <google/protobuf/descriptor.h>

#include "weft/base/text/printable.h"
#include "weft/codec/msgpack/internal/reader.h"
#include "weft/codec/msgpack/internal/writer.h"
#include "weft/codec/schema/time.h"

namespace weft::codec::msgpack {
namespace {

constexpr std::size_t kLongestShown = 256;

}  // namespace

bool Reader::special(const MessageTable& table, const FieldPath& path) {
  FieldPath here(&path, {});  // elements and entries have no name of their own
  switch (table.well_known()) {
    case WellKnown::Any:
      return any(table, path);
    case WellKnown::Timestamp:
      return timestamp(path);
    case WellKnown::Struct:
      return entries(table.field(0), here);
    case WellKnown::ListValue:
      return list(table.field(0), here);
    case WellKnown::Value:
      return json_value(table, path);
    case WellKnown::Wrapper:
      out_.put_tag(table.field(0));
      return value(table.field(0), path);
    default:
      return map(table, path);
  }
}

bool Reader::timestamp(const FieldPath& path) {
  const char* const at = at_;
  std::string_view bytes;
  if (next() < kExt8 || (next() > kExt32 && (next() < kFixExt1 || next() > kFixExt16))) {
    return expected("a timestamp, the extension of type -1", path);
  }
  if (!take_extension(bytes, path)) return false;
  if (static_cast<std::uint8_t>(bytes[0]) != kTimestampType) {
    return fail(at, path,
                "expected a timestamp, the extension of type -1, instead of an extension of type " +
                    std::to_string(static_cast<std::int8_t>(bytes[0])));
  }
  bytes.remove_prefix(1);
  Seconds time;
  std::uint32_t nanos = 0;
  if (bytes.size() == 4) {
    time.seconds = get_big<std::uint32_t>(bytes.data());
  } else if (bytes.size() == 8) {
    const auto both = get_big<std::uint64_t>(bytes.data());
    nanos = static_cast<std::uint32_t>(both >> 34);
    time.seconds = static_cast<std::int64_t>(both & ((std::uint64_t{1} << 34) - 1));
  } else if (bytes.size() == 12) {
    nanos = get_big<std::uint32_t>(bytes.data());
    time.seconds = static_cast<std::int64_t>(get_big<std::uint64_t>(bytes.data() + 4));
  } else {
    return fail(at, path,
                "a timestamp has 4, 8 or 12 bytes instead of " + std::to_string(bytes.size()));
  }
  time.nanos = nanos > INT32_MAX ? INT32_MAX : static_cast<std::int32_t>(nanos);
  if (!is_in_range(WellKnown::Timestamp, time)) {
    return fail(at, path, out_of_range(WellKnown::Timestamp, time));
  }
  put_seconds(time, out_);
  return true;
}

bool Reader::json_value(const MessageTable& table, const FieldPath& path) {
  // null_value, number_value, string_value, bool_value, struct_value, list_value
  const std::uint8_t code = next();
  std::uint32_t index = 1;
  if (code == kNil) {
    index = 0;
  } else if (is_string(code)) {
    index = 2;
  } else if (code == kTrue || code == kFalse) {
    index = 3;
  } else if (is_map(code)) {
    index = 4;
  } else if (is_list(code)) {
    index = 5;
  } else if (!is_integer(code) && code != kFloat32 && code != kFloat64) {
    return expected("nil, a boolean, a number, a string, a list or a map for a Value", path);
  }
  return single(table.field(index), path);
}

bool Reader::any(const MessageTable& table, const FieldPath& path) {
  const char* const begin = at_;
  std::uint64_t count = 0;
  if (!enter_map(count, "a map with \"@type\" for an Any", path)) return false;
  if (count == 0) {
    leave();
    return true;
  }
  std::string_view url;
  bool raw = false;
  if (!find_type(count, url, raw, path)) return false;
  out_.put('\x0a');
  out_.put_varint(url.size());
  out_.put(url);
  const MessageTable* const held = raw ? nullptr : table.tables().any_type(table, url);
  if (!raw && held == nullptr) {
    return fail(begin, path,
                "the type " + printable(type_name_of(url).substr(0, kLongestShown)) +
                    " of an Any is unknown");
  }
  out_.put('\x12');
  const std::size_t value_begin = out_.begin_sized();
  const bool read = raw || has_own_form(held->well_known()) ? any_member(held, count, path)
                                                            : members(*held, count, path, true);
  if (!read) return false;
  out_.end_sized(value_begin);
  leave();
  return true;
}

/// Looks for "@type", which is the first member almost always, and leaves the place as it was.
/// `raw`: the content is in "@value".
bool Reader::find_type(std::uint64_t count, std::string_view& url, bool& raw,
                       const FieldPath& path) {
  const char* const begin = at_;
  const bool may_be_raw = count == 2;
  bool found = false;
  for (; count != 0; --count) {
    std::string_view name;
    if (!is_string(next())) {
      if (!skip(path) || !skip(path)) return false;
      continue;
    }
    if (!take_text(name, "the name of a field", path)) return false;
    if (name == "@type") {
      if (!take_text(url, "a string for \"@type\"", path)) return false;
      found = true;
      raw = raw || (may_be_raw && begins("@value", at_, end_));
      break;
    }
    if (name == "@value") raw = may_be_raw;
    if (!skip(path)) return false;
  }
  at_ = begin;
  // Bytes need no type that could be looked up.
  if (found && !url.empty() && (raw || !url.ends_with('/'))) return true;
  return fail(begin, path, found ? "\"@type\" names no type" : "an Any has no \"@type\"");
}

/// {"@type": ..., "value": ...}, or "@value" and bytes where `held` is null.
bool Reader::any_member(const MessageTable* held, std::uint64_t count, const FieldPath& path) {
  const std::string_view wanted = held == nullptr ? "@value" : "value";
  bool found = false;
  for (; count != 0; --count) {
    const char* const at = at_;
    std::string_view name;
    if (!take_text(name, "the name of a field", path)) return false;
    if (name == wanted) {
      if (found) return fail(at, path, "the field '" + std::string(wanted) + "' is given twice");
      found = true;
      const FieldPath here(&path, wanted);
      std::string_view raw;
      if (held != nullptr) {
        if (!message(*held, here)) return false;
      } else {
        if (!take_bin(raw, "bytes", here)) return false;
        out_.put(raw);
      }
    } else if (name == "@type" || options_.ignore_unknown) {
      if (!skip(path)) return false;
    } else {
      return fail(at, path,
                  "there is no field '" + printable(name.substr(0, kLongestShown)) +
                      "' in an Any; its content is the field '" + std::string(wanted) + "'");
    }
  }
  if (found) return true;
  return fail(at_, path, "an Any has no field '" + std::string(wanted) + "'");
}

}  // namespace weft::codec::msgpack
