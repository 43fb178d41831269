#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace weft::transaction {

/// Tells two requests apart: the first half of SHA-256 over the method's path, a zero byte and the
/// message's bytes. Stored beside a key or a step, so that another request under the same key is
/// noticed; nobody can make two requests that share one.
struct Fingerprint {
  std::array<std::uint8_t, 16> bytes{};

  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
  /// 32 hexadecimal digits.
  std::string text() const;
};

/// `path` is that of the call: "/hello.Greeter/SayHello".
Fingerprint fingerprint_of(std::string_view path, std::string_view request);

}  // namespace weft::transaction
