#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

#include "weft/codec/schema/message_table.h"

namespace weft::codec {

/// How many groups of unknown fields may lie in each other; protobuf's parser has the same limit.
inline constexpr int kMostGroups = 100;

/// Reads the parts of a message in protobuf's encoding. Each function returns false where the bytes
/// end too early or are wrong.
class WireReader {
 public:
  explicit WireReader(std::string_view bytes) noexcept
      : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool at_end() const noexcept { return at_ == end_; }
  const char* position() const noexcept { return at_; }
  std::string_view rest() const noexcept { return {at_, static_cast<std::size_t>(end_ - at_)}; }

  bool varint(std::uint64_t& value) noexcept {
    if (at_ != end_ && static_cast<unsigned char>(*at_) < 0x80) [[likely]] {
      value = static_cast<unsigned char>(*at_++);
      return true;
    }
    // Two and three bytes, which lengths and numbers often have.
    if (end_ - at_ >= 3) [[likely]] {
      const auto byte = [this](int i) { return std::uint64_t{static_cast<unsigned char>(at_[i])}; };
      if (byte(1) < 0x80) {
        value = (byte(0) & 0x7f) | byte(1) << 7;
        at_ += 2;
        return true;
      }
      if (byte(2) < 0x80) {
        value = (byte(0) & 0x7f) | (byte(1) & 0x7f) << 7 | byte(2) << 14;
        at_ += 3;
        return true;
      }
    }
    const LongVarint read = long_varint(at_, end_);
    if (read.end == nullptr) return false;
    at_ = read.end;
    value = read.value;
    return true;
  }
  bool fixed64(std::uint64_t& value) noexcept { return fixed(value); }
  bool fixed32(std::uint32_t& value) noexcept { return fixed(value); }
  /// A length and as many bytes.
  bool sized(std::string_view& taken) noexcept {
    std::uint64_t size = 0;
    if (!varint(size) || size > static_cast<std::uint64_t>(end_ - at_)) return false;
    taken = {at_, static_cast<std::size_t>(size)};
    at_ += size;
    return true;
  }
  /// A tag of a valid number (1 to 2^29 - 1) and wire type.
  bool tag(std::uint32_t& number, WireType& wire) noexcept {
    std::uint64_t value = 0;
    if (!varint(value) || value > UINT32_MAX) return false;
    number = static_cast<std::uint32_t>(value >> 3);
    wire = static_cast<WireType>(value & 7);
    return number != 0 && (value & 7) <= 5;
  }
  /// Passes over a value whose tag was read. `depth`: how many groups may lie in each other, at
  /// most kMostGroups.
  bool skip(std::uint32_t number, WireType wire, int depth = kMostGroups) noexcept {
    std::uint64_t varint_value = 0;
    std::uint32_t fixed32_value = 0;
    std::string_view taken;
    switch (wire) {
      case WireType::Varint:
        return varint(varint_value);
      case WireType::Fixed64:
        return fixed64(varint_value);
      case WireType::Fixed32:
        return fixed32(fixed32_value);
      case WireType::Bytes:
        return sized(taken);
      case WireType::BeginGroup:
        if (const char* const end = skip_group(at_, end_, number, depth); end != nullptr) {
          at_ = end;
          return true;
        }
        return false;
      case WireType::EndGroup:
        break;
    }
    return false;
  }
  /// What stands in the group of this number, whose tag was read, without the tag that ends it.
  bool group(std::uint32_t number, std::string_view& content) noexcept {
    const char* const begin = at_;
    while (true) {
      const char* const end = at_;
      std::uint32_t found = 0;
      WireType wire{};
      if (!tag(found, wire)) return false;
      if (wire == WireType::EndGroup) {
        content = {begin, static_cast<std::size_t>(end - begin)};
        return found == number;
      }
      if (!skip(found, wire)) return false;
    }
  }

 private:
  /// `end` is null where the bytes end first, or the number goes on beyond ten of them.
  struct LongVarint {
    const char* end;
    std::uint64_t value;
  };

  // What is not inline takes and returns values: by a pointer to it, a reader would stay in memory
  // in the loops around, which costs lists of numbers half of their speed.
  static LongVarint long_varint(const char* at, const char* end) noexcept;
  /// The end of a group whose tag was read; null where it has none.
  static const char* skip_group(const char* at, const char* end, std::uint32_t number,
                                int depth) noexcept;
  template <class T>
  bool fixed(T& value) noexcept {
    if (static_cast<std::size_t>(end_ - at_) < sizeof(T)) return false;
    static_assert(std::endian::native == std::endian::little);
    std::memcpy(&value, at_, sizeof(T));
    at_ += sizeof(T);
    return true;
  }

  const char* at_;
  const char* end_;
};

constexpr std::uint32_t zigzag(std::int32_t value) noexcept {
  return static_cast<std::uint32_t>(value) << 1 ^ static_cast<std::uint32_t>(value >> 31);
}
constexpr std::uint64_t zigzag(std::int64_t value) noexcept {
  return static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63);
}
constexpr std::int32_t unzigzag(std::uint32_t value) noexcept {
  return static_cast<std::int32_t>(value >> 1 ^ (0 - (value & 1)));
}
constexpr std::int64_t unzigzag(std::uint64_t value) noexcept {
  return static_cast<std::int64_t>(value >> 1 ^ (0 - (value & 1)));
}

/// Bytes that grow at the end, for output of any format. Memory is not set to zero, and stays for
/// the next use after clear(). Throws std::bad_alloc.
class OutputBytes {
 public:
  OutputBytes() noexcept = default;
  OutputBytes(OutputBytes&& other) noexcept
      : begin_(std::exchange(other.begin_, nullptr)),
        at_(std::exchange(other.at_, nullptr)),
        end_(std::exchange(other.end_, nullptr)) {}
  OutputBytes& operator=(OutputBytes&& other) noexcept {
    std::swap(begin_, other.begin_);
    std::swap(at_, other.at_);
    std::swap(end_, other.end_);
    return *this;
  }
  ~OutputBytes() { std::free(begin_); }

  std::size_t size() const noexcept { return static_cast<std::size_t>(at_ - begin_); }
  std::size_t capacity() const noexcept { return static_cast<std::size_t>(end_ - begin_); }
  char* data() noexcept { return begin_; }
  std::string_view view() const noexcept { return {begin_, size()}; }
  void clear() noexcept { at_ = begin_; }
  /// `size` is at most size(): cuts off what follows.
  void truncate(std::size_t size) noexcept { at_ = begin_ + size; }

  /// Room for `size` more bytes: they are written at the returned place, and advance() counts them.
  char* room(std::size_t size) {
    if (static_cast<std::size_t>(end_ - at_) < size) [[unlikely]]
      grow(size);
    return at_;
  }
  void advance(std::size_t size) noexcept { at_ += size; }
  void set_end(char* end) noexcept { at_ = end; }

  void put(char c) {
    *room(1) = c;
    ++at_;
  }
  void put(std::string_view bytes) {
    char* const to = room(bytes.size());
    if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
    at_ += bytes.size();
  }
  /// A name of a FieldTable in quotes.
  void put_name(std::string_view quoted) {
    char* const to = room(quoted.size() + kNamePadding);
    std::memcpy(to, quoted.data(), kNamePadding);
    if (quoted.size() > kNamePadding) {
      std::memcpy(to + kNamePadding, quoted.data() + kNamePadding, quoted.size() - kNamePadding);
    }
    at_ += quoted.size();
  }
  void put_varint(std::uint64_t value) {
    char* to = room(10);
    for (; value >= 0x80; value >>= 7) *to++ = static_cast<char>(value | 0x80);
    *to++ = static_cast<char>(value);
    at_ = to;
  }
  template <class T>
  void put_fixed(T value) {
    static_assert(std::endian::native == std::endian::little);
    std::memcpy(room(sizeof value), &value, sizeof value);
    at_ += sizeof value;
  }
  /// The tag of `field` as it is written.
  void put_tag(const FieldTable& field) {
    char* const to = room(sizeof field.tag);
    std::memcpy(to, field.tag, sizeof field.tag);
    at_ += field.tag_size;
  }

  /// Begins a value whose length is not known yet; end_sized() puts the length before it.
  std::size_t begin_sized() {
    put('\0');
    return size();
  }
  void end_sized(std::size_t begin) {
    const std::size_t length = size() - begin;
    if (length < 0x80) [[likely]] {
      begin_[begin - 1] = static_cast<char>(length);
    } else {
      move_for_length(begin, length);
    }
  }

 private:
  void grow(std::size_t size);
  void move_for_length(std::size_t begin, std::size_t length);

  char* begin_ = nullptr;
  char* at_ = nullptr;
  char* end_ = nullptr;
};

}  // namespace weft::codec
