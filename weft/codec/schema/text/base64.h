#pragma once

#include <cstddef>
#include <string_view>

#include "weft/codec/schema/wire.h"

namespace weft::codec {

/// Appends `bytes` in base64 with padding (RFC 4648 section 4).
void put_base64(std::string_view bytes, OutputBytes& out);

/// Appends what `text` says in base64: of either alphabet (RFC 4648 sections 4 and 5), with or
/// without padding. False where it is not base64; `bad` is the place in `text` then, and what was
/// appended before it stays.
bool read_base64(std::string_view text, OutputBytes& out, std::size_t& bad);

}  // namespace weft::codec
