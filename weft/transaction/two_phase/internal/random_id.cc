#include "weft/transaction/two_phase/internal/random_id.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include <openssl/rand.h>

#include "weft/base/text/number_text.h"

namespace weft::transaction::internal {

Result<std::string> random_id(std::size_t bytes) {
  std::array<std::uint8_t, 32> random;
  const std::size_t size = std::min(bytes, random.size());
  if (RAND_bytes(random.data(), static_cast<int>(size)) != 1) {
    return internal_error("OpenSSL's random generator has failed");
  }
  std::string text;
  append_hex(text, std::span(random).first(size));
  return text;
}

}  // namespace weft::transaction::internal
