#pragma once

#include <cstdint>

#include "weft/codec/schema/wire.h"

namespace weft::codec {

/// Appends a character that is no surrogate in UTF-8.
inline void put_utf8(std::uint32_t code, OutputBytes& out) {
  char* to = out.room(4);
  const auto put = [&to](std::uint32_t byte) { *to++ = static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6);
    put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  } else {
    put(0xf0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3f));
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  }
  out.set_end(to);
}

}  // namespace weft::codec
