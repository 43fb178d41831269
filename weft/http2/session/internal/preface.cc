#include "weft/http2/session/internal/preface.h"

#include <algorithm>
#include <cstdint>

#include "weft/http2/frame/frame.h"
#include "weft/http2/hpack/internal/text.h"

namespace weft::http2::internal {
namespace {

constexpr std::size_t kShown = 48;

bool is_printable(char c) { return c >= 0x20 && c < 0x7f; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

/// The first line, cut off, with what is not ASCII text replaced.
std::string excerpt(std::string_view seen) {
  std::string out(seen.substr(0, std::min(kShown, seen.find_first_of("\r\n"))));
  std::replace_if(
      out.begin(), out.end(), [](char c) { return !is_printable(c); }, '?');
  return out;
}

std::string hex(std::string_view seen) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const char c : seen.substr(0, 16)) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (!out.empty()) out += ' ';
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

/// "GET /" and its like, or the status line of a response.
bool looks_like_http1(std::string_view seen) {
  if (seen.starts_with("HTTP/")) return true;
  const auto space = std::find_if_not(seen.begin(), seen.end(), is_upper);
  const auto length = space - seen.begin();
  return length >= 3 && length <= 16 && space != seen.end() && *space == ' ' &&
         std::all_of(space, std::min(space + 2, seen.end()), is_printable);
}

}  // namespace

std::string describe_foreign_bytes(std::string_view seen) {
  if (looks_like_http1(seen)) {
    const bool old = seen.find("HTTP/1.0") != std::string_view::npos;
    return text("the peer spoke HTTP/1.", old ? 0 : 1, " (\"", excerpt(seen), "\")");
  }
  // RFC 8446 section 5.1: record types handshake (22) and alert (21), then version 3.x.
  if (seen.size() >= 2 && seen[1] == 0x03 && seen[0] == 0x16) {
    return "the peer spoke TLS to a plaintext port (a ClientHello arrived; ServerOptions::tls is "
           "not set)";
  }
  if (seen.size() >= 2 && seen[1] == 0x03 && seen[0] == 0x15) {
    return "the peer speaks TLS and this side does not (a TLS alert arrived; "
           "ChannelOptions::tls is not set)";
  }
  if (std::all_of(
          seen.begin(),
          seen.begin() + std::min<std::ptrdiff_t>(4, static_cast<std::ptrdiff_t>(seen.size())),
          is_printable)) {
    return text("the peer sent \"", excerpt(seen), "\"");
  }
  return text("the peer sent the bytes ", hex(seen));
}

PrefaceReader::Outcome PrefaceReader::read(Bytes& input, std::string& error) {
  const std::string_view due = kClientPreface.substr(matched_);
  const std::size_t n = std::min(due.size(), input.size());
  if (input.view().substr(0, n) != due.substr(0, n)) {
    const std::string seen =
        text(kClientPreface.substr(0, matched_), input.view().substr(0, 2 * kShown));
    error = text(describe_foreign_bytes(seen),
                 " where the HTTP/2 client preface is due (RFC 9113 section 3.4)");
    return Outcome::Foreign;
  }
  matched_ += n;
  input.remove_prefix(n);
  return matched_ == kClientPreface.size() ? Outcome::Complete : Outcome::NeedMore;
}

}  // namespace weft::http2::internal
