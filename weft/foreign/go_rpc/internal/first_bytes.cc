#include "weft/foreign/go_rpc/internal/first_bytes.h"

#include <algorithm>

namespace weft::foreign {
namespace {

using Match = FirstBytesMatch;

/// Takes `wanted` off the front of `bytes`.
Match take(std::string_view wanted, std::string_view& bytes) noexcept {
  const std::size_t size = std::min(wanted.size(), bytes.size());
  if (bytes.substr(0, size) != wanted.substr(0, size)) return Match::No;
  bytes.remove_prefix(size);
  return size == wanted.size() ? Match::Yes : Match::NeedMore;
}

Match match_connect(std::string_view bytes, std::string_view path) noexcept {
  for (const std::string_view part :
       {std::string_view("CONNECT "), path, std::string_view(" HTTP/1.0")}) {
    if (const Match taken = take(part, bytes); taken != Match::Yes) return taken;
  }
  if (bytes.starts_with('\r')) bytes.remove_prefix(1);
  return take("\n", bytes);
}

Match match_gob(std::string_view bytes) noexcept {
  constexpr std::string_view kDefinition("\3\1\1\7Request", 11);
  const auto at = [bytes](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  // The message is longer than that, and shorter than lengths of two bytes.
  if (at(0) < kDefinition.size() || at(0) >= 0x80) return Match::No;
  if (bytes.size() < 2) return Match::NeedMore;
  // The id has one or two bytes behind their count.
  const std::size_t count = 0x100U - at(1);
  if (at(1) < 0x80 || count > 2) return Match::No;
  if (bytes.size() < 2 + count) return Match::NeedMore;
  if ((at(1 + count) & 1) == 0) return Match::No;  // of a definition it is negative
  bytes.remove_prefix(2 + count);
  return take(kDefinition, bytes);
}

}  // namespace

FirstBytesMatch match_go(std::string_view bytes, std::string_view http_path,
                         GoCodec& codec) noexcept {
  if (bytes.starts_with('{')) {
    codec = GoCodec::Json;
    return Match::Yes;
  }
  codec = bytes.starts_with('C') ? GoCodec::GobOverHttp : GoCodec::Gob;
  // The definition of rpc.Request has 43 bytes and a few more, never the 67 that 'C' stands for.
  return codec == GoCodec::Gob ? match_gob(bytes) : match_connect(bytes, http_path);
}

}  // namespace weft::foreign
