#pragma once

#include <concepts>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

namespace weft::messaging::stored {

/// Numbers in the log's files: least significant byte first, on every machine.
template <std::integral T>
void put_number(std::string& out, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    out.push_back(static_cast<char>((static_cast<unsigned long long>(value) >> (8 * i)) & 0xff));
  }
}

/// The number at `at`; `bytes` has all of it.
template <std::integral T>
T number_at(std::string_view bytes, std::size_t at) noexcept {
  unsigned long long value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value |= static_cast<unsigned long long>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
  }
  return static_cast<T>(value);
}

}  // namespace weft::messaging::stored
