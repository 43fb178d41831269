#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weft::telemetry::internal {

/// Appends fields of a message in protobuf's encoding to a string. By hand, so that no OTLP message
/// is compiled in, which would collide with a program's own.
class ProtoWriter {
 public:
  explicit ProtoWriter(std::string& out) noexcept : out_(out) {}

  void varint(std::uint32_t field, std::uint64_t value) {
    tag(field, 0);
    append_varint(value);
  }
  void fixed64(std::uint32_t field, std::uint64_t value) {
    tag(field, 1);
    append_fixed(value, 8);
  }
  void fixed32(std::uint32_t field, std::uint32_t value) {
    tag(field, 5);
    append_fixed(value, 4);
  }
  void bytes(std::uint32_t field, std::string_view value) {
    tag(field, 2);
    append_varint(value.size());
    out_.append(value);
  }
  /// A string, which has to be UTF-8, or a receiver refuses the whole message: bytes that are none
  /// become U+FFFD.
  void text(std::uint32_t field, std::string_view value);
  /// A message whose fields `fill` writes with this writer.
  template <class Fill>
  void message(std::uint32_t field, Fill fill) {
    tag(field, 2);
    const std::size_t begin = out_.size();
    fill();
    insert_size(begin);
  }

 private:
  void tag(std::uint32_t field, std::uint32_t wire) { append_varint(field << 3 | wire); }
  void append_varint(std::uint64_t value);
  void append_fixed(std::uint64_t value, int size);
  void insert_size(std::size_t begin);

  std::string& out_;
};

}  // namespace weft::telemetry::internal
