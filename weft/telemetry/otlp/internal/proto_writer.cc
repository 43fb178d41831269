#include "weft/telemetry/otlp/internal/proto_writer.h"

#include <array>

#include "weft/base/utf8.h"

namespace weft::telemetry::internal {
namespace {

struct Varint {
  explicit Varint(std::uint64_t value) noexcept {
    while (value >= 0x80) {
      bytes[size++] = static_cast<char>(value | 0x80);
      value >>= 7;
    }
    bytes[size++] = static_cast<char>(value);
  }
  std::array<char, 10> bytes;
  std::size_t size = 0;
};

}  // namespace

void ProtoWriter::append_varint(std::uint64_t value) {
  const Varint made(value);
  out_.append(made.bytes.data(), made.size);
}

void ProtoWriter::append_fixed(std::uint64_t value, int size) {
  for (int i = 0; i < size; ++i) out_ += static_cast<char>(value >> (8 * i));
}

void ProtoWriter::insert_size(std::size_t begin) {
  const Varint made(out_.size() - begin);
  out_.insert(begin, made.bytes.data(), made.size);
}

void ProtoWriter::text(std::uint32_t field, std::string_view value) {
  if (is_utf8(value)) return bytes(field, value);
  std::string valid;
  while (!value.empty()) {
    const std::size_t size = first_character(value).size;
    if (size == 0) {
      valid += "\xEF\xBF\xBD";
      value.remove_prefix(1);
    } else {
      valid += value.substr(0, size);
      value.remove_prefix(size);
    }
  }
  bytes(field, valid);
}

}  // namespace weft::telemetry::internal
