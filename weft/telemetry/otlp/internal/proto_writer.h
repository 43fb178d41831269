#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "weft/base/text/utf8.h"
#include "weft/codec/schema/wire.h"

namespace weft::telemetry::internal {

/// Appends fields of a message in protobuf's encoding. By hand, so that no OTLP message is compiled
/// in, which would collide with a program's own.
class ProtoWriter {
 public:
  explicit ProtoWriter(codec::OutputBytes& out) noexcept : out_(out) {}

  void varint(std::uint32_t field, std::uint64_t value) {
    tag(field, codec::WireType::Varint);
    out_.put_varint(value);
  }
  void fixed64(std::uint32_t field, std::uint64_t value) {
    tag(field, codec::WireType::Fixed64);
    out_.put_fixed(value);
  }
  void fixed32(std::uint32_t field, std::uint32_t value) {
    tag(field, codec::WireType::Fixed32);
    out_.put_fixed(value);
  }
  /// A double.
  void number(std::uint32_t field, double value) {
    fixed64(field, __builtin_bit_cast(std::uint64_t, value));
  }
  void bytes(std::uint32_t field, std::string_view value) {
    tag(field, codec::WireType::Bytes);
    out_.put_varint(value.size());
    out_.put(value);
  }
  /// A string, which has to be UTF-8, or a receiver refuses the whole message.
  void text(std::uint32_t field, std::string_view value) {
    if (is_utf8(value)) return bytes(field, value);
    bytes(field, to_utf8(value));
  }
  /// A packed field of fixed64 or double: `values` are std::uint64_t or double.
  template <class Values>
  void packed(std::uint32_t field, const Values& values) {
    if (values.empty()) return;
    tag(field, codec::WireType::Bytes);
    out_.put_varint(values.size() * sizeof(std::uint64_t));
    for (const auto value : values) out_.put_fixed(value);
  }
  /// Begins a message that OutputBytes::end_sized() ends.
  std::size_t begin(std::uint32_t field) {
    tag(field, codec::WireType::Bytes);
    return out_.begin_sized();
  }
  /// A message whose fields `fill` writes with this writer.
  template <class Fill>
  void message(std::uint32_t field, Fill fill) {
    const std::size_t begun = begin(field);
    fill();
    out_.end_sized(begun);
  }

 private:
  void tag(std::uint32_t field, codec::WireType wire) {
    out_.put_varint(field << 3 | static_cast<std::uint32_t>(wire));
  }

  codec::OutputBytes& out_;
};

}  // namespace weft::telemetry::internal
