// header, 12 bytes: id, flags, and the numbers of questions, answers, authorities, additionals
// question:         name, type (2), class (2)
// answer:           name, type (2), class (2), ttl (4), length (2), data
// name:             length (1) and label, ..., 0; or, at any label, 0b11 and an offset (2 bytes)

#include "weft/net/dns/internal/dns_message.h"

#include <algorithm>
#include <limits>

namespace weft::net::internal {
namespace {

constexpr std::uint32_t kUnread = std::numeric_limits<std::uint32_t>::max();

/// Reads from the front; a message that is too short leaves it `broken`.
struct Reader {
  std::uint32_t number(std::size_t bytes) noexcept {
    if (left.size() < bytes) broken = true;
    if (broken) return 0;
    std::uint32_t value = 0;
    for (const char c : left.substr(0, bytes)) {
      value = value << 8 | static_cast<unsigned char>(c);
    }
    left.remove_prefix(bytes);
    return value;
  }
  void skip(std::size_t bytes) noexcept {
    broken = broken || left.size() < bytes;
    left.remove_prefix(std::min(left.size(), bytes));
  }
  void skip_name() noexcept {
    while (!broken) {
      const std::uint32_t length = number(1);
      if (length == 0) return;
      if (length >= 0xc0) return skip(1);
      skip(length);
    }
  }
  std::string_view left;
  bool broken = false;
};

}  // namespace

std::uint32_t least_ttl(std::string_view message) noexcept {
  Reader reader{.left = message};
  reader.skip(4);
  const std::uint32_t questions = reader.number(2);
  const std::uint32_t answers = reader.number(2);
  reader.skip(4);
  for (std::uint32_t i = 0; i < questions && !reader.broken; ++i) {
    reader.skip_name();
    reader.skip(4);
  }
  std::uint32_t least = kUnread;
  for (std::uint32_t i = 0; i < answers && !reader.broken; ++i) {
    reader.skip_name();
    reader.skip(4);
    const std::uint32_t ttl = reader.number(4);
    // One with the highest bit set counts as 0 (RFC 2181, 8).
    least = std::min(least, ttl >> 31 != 0 ? 0 : ttl);
    reader.skip(reader.number(2));
  }
  return reader.broken || answers == 0 ? 0 : least;
}

}  // namespace weft::net::internal
