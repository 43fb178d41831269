#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "weft/base/status.h"
#include "weft/codec/msgpack/internal/format.h"
#include "weft/codec/msgpack/msgpack.h"
#include "weft/codec/schema/field_path.h"
#include "weft/codec/schema/tables.h"
#include "weft/codec/schema/wire.h"
#include "weft/codec/schema/write_fault.h"

namespace weft::codec::msgpack {

/// Writes MessagePack from a message's bytes in protobuf's encoding, in one pass. The bytes are
/// those that protobuf writes, which has each field in one place; what an Any holds may be a
/// peer's, so it is looked over first and encoded anew where it is not like that. Every function
/// returns false when it has failed. All that recurses is bounded by max_depth.
///
///     message -> map -> members -> element -> value -> scalar
///             -> special types                      -> message
class Writer {
 public:
  Writer(const MsgpackWriteOptions& options, OutputBytes& out) noexcept
      : options_(options),
        out_(out),
        begin_(out.size()),
        limit_(std::min(options.max_depth, kDeepest)),
        plain_(!options.declared_names && !options.field_numbers && !options.enum_names) {}

  bool write(const MessageTable& table, std::string_view bytes);
  /// Why write() has failed.
  Status status() const { return fault_.status("MessagePack", options_.max_size); }

 private:
  using Fault = WriteFault::Kind;
  enum class Origin : std::uint8_t { Own, Peer };
  enum class Shape : std::uint8_t { List, Map };

  /// A list or a map whose head was written for `announced` elements and is corrected at the end.
  struct Container {
    std::size_t begin = 0;
    std::uint64_t announced = 0;
    std::uint64_t count = 0;
    Shape shape = Shape::Map;
  };

  // writer.cc: messages and containers
  bool message(const MessageTable& table, std::string_view bytes, const FieldPath& path);
  bool peer_message(const MessageTable& table, std::string_view bytes, const FieldPath& path);
  bool known_message(const MessageTable& table, std::string_view bytes, const FieldPath& path);
  bool map(const MessageTable& table, std::string_view bytes, const FieldPath& path);
  bool members(const MessageTable& table, std::string_view bytes, Container& map,
               const FieldPath& path);
  /// Simple members, up to the first other one: what is left of `reader`. Adds them to the map's
  /// count.
  WireReader plain_members(const MessageTable& table, WireReader reader, Container& map);
  bool member(const FieldTable& field, WireReader& reader, WireType wire, Container& map,
              FieldPath& path);
  bool extra_member(const MessageTable& table, WireReader& reader, std::uint32_t number,
                    WireType wire, Container& map, const FieldPath& path);
  bool set_item(const MessageTable& table, std::string_view group, Container& map,
                const FieldPath& path);
  bool defaults(const MessageTable& table, std::string_view bytes, Container& map);
  bool repeated(const FieldTable& field, WireReader& reader, WireType wire, FieldPath& path);
  bool element(const FieldTable& field, WireReader& reader, WireType wire, Container& list,
               FieldPath& path);
  bool open(Shape shape, std::uint64_t announced, Container& out, const FieldPath& path);
  void close(const Container& container);
  void key(const FieldTable& field);

  // writer_values.cc
  bool value(const FieldTable& field, WireReader& reader, const FieldPath& path);
  bool scalar(const FieldTable& field, WireReader& reader);
  bool varint(const FieldTable& field, WireReader& reader);
  /// Elements of a packed list, of varints at most: the count is corrected behind the list.
  static std::uint64_t likely_count(const FieldTable& field, std::string_view bytes) noexcept;
  bool packed(const FieldTable& field, std::string_view bytes, Container& list, FieldPath& path);
  bool packed_enums(const FieldTable& field, WireReader& reader, std::uint64_t& count);
  /// Numbers and booleans, up to one that is cut off; null for an enum.
  static char* plain_elements(FieldKind kind, WireReader& reader, std::uint64_t& count,
                              char* to) noexcept;
  bool entry(const FieldTable& field, std::string_view bytes, FieldPath& path);
  bool map_key(const FieldTable& key, WireReader& reader, FieldPath& path);
  void default_value(const FieldTable& field);
  void enum_value(const FieldTable& field, std::int32_t number);
  bool string(std::string_view text, const FieldPath& path);
  void text(std::string_view text);
  void bin(std::string_view bytes);
  void put(Code code) { out_.put(static_cast<char>(code)); }

  // writer_special.cc
  bool special(const MessageTable& table, std::string_view bytes, const FieldPath& path);
  bool any(const MessageTable& table, std::string_view bytes, const FieldPath& path);
  bool any_content(const MessageTable& held, std::string_view bytes, Container& map,
                   const FieldPath& path);
  bool timestamp(const MessageTable& table, std::string_view bytes, const FieldPath& path);
  bool list_value(const MessageTable& table, std::string_view bytes, const FieldPath& path);
  bool json_value(const MessageTable& table, std::string_view bytes, const FieldPath& path);
  bool wrapper(const MessageTable& table, std::string_view bytes, const FieldPath& path);

  bool fail(Fault fault, std::string text, const FieldPath& path) {
    return fault_.set(fault, std::move(text), path);
  }
  bool malformed(const MessageTable& table, const FieldPath& path) {
    return fault_.malformed(table, path);
  }
  bool malformed(const FieldTable& field, const FieldPath& path) {
    return fault_.malformed(field, path);
  }
  bool check_size(const FieldPath& path) {
    return out_.size() - begin_ <= options_.max_size || fail(Fault::TooLarge, {}, path);
  }

  const MsgpackWriteOptions& options_;
  OutputBytes& out_;
  const std::size_t begin_;
  const int limit_;   // of level_
  const bool plain_;  // names and numbers are written as plain_members() does
  Origin origin_ = Origin::Own;
  int level_ = 0;
  WriteFault fault_;
};

/// Whether an Any has a message of this type in "value" rather than its fields.
constexpr bool has_own_form(WellKnown type) noexcept {
  switch (type) {
    case WellKnown::Any:
    case WellKnown::Timestamp:
    case WellKnown::Struct:
    case WellKnown::Value:
    case WellKnown::ListValue:
    case WellKnown::Wrapper:
      return true;
    default:
      return false;
  }
}

}  // namespace weft::codec::msgpack
