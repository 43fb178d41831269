#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "weft/base/bytes.h"

namespace weft::http2::internal {

/// Says what a peer seems to speak whose first bytes are not HTTP/2's: "the peer spoke HTTP/1.1
/// ("GET / HTTP/1.1")", "the peer spoke TLS to a plaintext port", ...
std::string describe_foreign_bytes(std::string_view seen);

/// Checks the client's connection preface as it arrives (RFC 9113 section 3.4).
class PrefaceReader {
 public:
  enum class Outcome { NeedMore, Complete, Foreign };

  /// Takes the preface off `input`. Foreign: it is none, and `error` says what arrived instead.
  Outcome read(Bytes& input, std::string& error);

 private:
  std::size_t matched_ = 0;
};

}  // namespace weft::http2::internal
