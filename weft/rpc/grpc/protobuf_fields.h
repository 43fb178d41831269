#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// Protobuf's encoding by hand, for messages whose generated class would clash with the one that
// programs link beside weft.
namespace weft::rpc {

// Wire types of protobuf's encoding; 3 and 4 are groups, which neither message has ever had.
enum class Wire : std::uint8_t { Varint = 0, Fixed64 = 1, Delimited = 2, Fixed32 = 5 };

struct Field {
  std::uint64_t number = 0;
  Wire wire = Wire::Varint;
  std::uint64_t varint = 0;
  std::string_view delimited;
};

/// Reads one field after another; views point into the input.
class FieldReader {
 public:
  explicit FieldReader(std::string_view input) noexcept : input_(input) {}

  bool at_end() const noexcept { return position_ == input_.size(); }
  std::size_t position() const noexcept { return position_; }

  bool next(Field& field) noexcept {
    std::uint64_t tag = 0;
    if (!varint(tag)) return false;
    field.number = tag >> 3;
    field.wire = static_cast<Wire>(tag & 7);
    switch (field.wire) {
      case Wire::Varint:
        return varint(field.varint);
      case Wire::Fixed64:
        return take(8, field.delimited);
      case Wire::Fixed32:
        return take(4, field.delimited);
      case Wire::Delimited: {
        std::uint64_t size = 0;
        return varint(size) && take(size, field.delimited);
      }
    }
    return false;
  }

 private:
  bool varint(std::uint64_t& value) noexcept {
    value = 0;
    for (unsigned shift = 0; shift < 64 && position_ < input_.size(); shift += 7) {
      const auto byte = static_cast<unsigned char>(input_[position_++]);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }
  bool take(std::uint64_t size, std::string_view& out) noexcept {
    if (size > input_.size() - position_) return false;
    out = input_.substr(position_, static_cast<std::size_t>(size));
    position_ += static_cast<std::size_t>(size);
    return true;
  }

  std::string_view input_;
  std::size_t position_ = 0;
};

/// The eight bytes of a Fixed64 that is a double.
inline double double_of(const Field& field) noexcept {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    bits |= static_cast<std::uint64_t>(static_cast<unsigned char>(field.delimited[i])) << (8 * i);
  }
  return std::bit_cast<double>(bits);
}

inline void write_varint(std::uint64_t value, std::string& out) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

inline void write_delimited(std::uint32_t number, std::string_view value, std::string& out) {
  write_varint(number << 3 | static_cast<std::uint32_t>(Wire::Delimited), out);
  write_varint(value.size(), out);
  out.append(value);
}

inline void write_double(std::uint32_t number, double value, std::string& out) {
  write_varint(number << 3 | static_cast<std::uint32_t>(Wire::Fixed64), out);
  const auto bits = std::bit_cast<std::uint64_t>(value);
  for (unsigned i = 0; i < 8; ++i) out += static_cast<char>(bits >> (8 * i));
}

}  // namespace weft::rpc
