#include "weft/foreign/gob/gob_bytes.h"

#include <bit>

namespace weft::foreign {
namespace {

std::uint64_t reversed(std::uint64_t value) noexcept {
  std::uint64_t out = 0;
  for (int i = 0; i < 8; ++i, value >>= 8) out = out << 8 | (value & 0xff);
  return out;
}

}  // namespace

bool GobReader::unsigned_integer(std::uint64_t& value) noexcept {
  if (bytes_.empty()) return false;
  const auto first = static_cast<unsigned char>(bytes_.front());
  bytes_.remove_prefix(1);
  if (first < 0x80) {
    value = first;
    return true;
  }
  const std::size_t count = 0x100U - first;
  if (count > sizeof value || count > bytes_.size()) return false;
  value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    value = value << 8 | static_cast<unsigned char>(bytes_[i]);
  }
  bytes_.remove_prefix(count);
  return true;
}

bool GobReader::integer(std::int64_t& value) noexcept {
  std::uint64_t bits = 0;
  if (!unsigned_integer(bits)) return false;
  const auto half = static_cast<std::int64_t>(bits >> 1);
  value = (bits & 1) != 0 ? ~half : half;
  return true;
}

bool GobReader::floating(double& value) noexcept {
  std::uint64_t bits = 0;
  if (!unsigned_integer(bits)) return false;
  value = std::bit_cast<double>(reversed(bits));
  return true;
}

bool GobReader::bytes(std::string_view& value) noexcept {
  std::uint64_t size = 0;
  if (!unsigned_integer(size) || size > bytes_.size()) return false;
  value = bytes_.substr(0, static_cast<std::size_t>(size));
  bytes_.remove_prefix(value.size());
  return true;
}

bool GobReader::next_field(std::int64_t& field, bool& over) noexcept {
  // No struct has as many fields.
  constexpr std::uint64_t kMostFields = 1 << 20;
  std::uint64_t delta = 0;
  if (!unsigned_integer(delta) || delta > kMostFields) return false;
  over = delta == 0;
  field += static_cast<std::int64_t>(delta);
  return field < static_cast<std::int64_t>(kMostFields);
}

void put_gob_unsigned(std::uint64_t value, std::string& out) {
  if (value < 0x80) {
    out += static_cast<char>(value);
    return;
  }
  const int count = (std::bit_width(value) + 7) / 8;
  out += static_cast<char>(-count);
  for (int i = count - 1; i >= 0; --i) out += static_cast<char>(value >> 8 * i);
}

void put_gob_integer(std::int64_t value, std::string& out) {
  const auto bits = static_cast<std::uint64_t>(value < 0 ? ~value : value);
  put_gob_unsigned(bits << 1 | (value < 0 ? 1U : 0U), out);
}

void put_gob_floating(double value, std::string& out) {
  put_gob_unsigned(reversed(std::bit_cast<std::uint64_t>(value)), out);
}

void put_gob_bytes(std::string_view value, std::string& out) {
  put_gob_unsigned(value.size(), out);
  out.append(value);
}

}  // namespace weft::foreign
