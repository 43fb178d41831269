#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "weft/edge/client/internal/connect_answer.h"
#include "weft/edge/client/internal/envelope_reader.h"
#include "weft/edge/client/internal/protocol_fields.h"

namespace {

using weft::Metadata;
using weft::Status;

constexpr std::size_t kLimit = 4096;

/// What a body that comes in parts of `step` bytes leads to, up to its first error.
std::string read(std::string_view body, std::size_t step) {
  const weft::edge::ContentKind end = weft::edge::end_kind(kLimit);
  weft::edge::EnvelopeReader envelopes(weft::edge::kConnectEnd, weft::edge::message_kind(kLimit),
                                       end);
  std::string seen;
  for (;;) {
    weft::Result<std::optional<weft::edge::Envelope>> next = envelopes.next();
    if (!next.ok()) return seen + next.status().to_string();
    if (*next) {
      const std::size_t most = (*next)->ends_stream ? end.most : kLimit;
      if ((*next)->content.size() > most) std::abort();
      seen += (*next)->ends_stream ? "end " : "message ";
      seen += (*next)->compressed ? "compressed " : "";
      seen.append((*next)->content.view()).append("\n");
      continue;
    }
    if (body.empty()) return seen + (envelopes.at_boundary() ? "whole" : "cut");
    const std::string_view part = body.substr(0, step);
    envelopes.push(part);
    body.remove_prefix(part.size());
  }
}

void check(const Metadata& trailers) {
  if (trailers.wire_size() > kLimit + Metadata::kEntryOverhead) std::abort();
}

}  // namespace

// The body of an answer by Connect or gRPC-Web, and the ends of streams. However it is cut it has
// the same envelopes; trailers keep to their limit; an error is never OK.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string whole = read(body, std::max<std::size_t>(body.size(), 1));
  if (read(body, std::size_t{1} + data[0] % 16) != whole) std::abort();
  Metadata trailers;
  static_cast<void>(weft::edge::read_end_stream(body, trailers, kLimit));
  check(trailers);
  trailers.clear();
  static_cast<void>(weft::edge::read_web_end(body, trailers, kLimit));
  check(trailers);
  if (weft::edge::read_unary_error(body, 500).ok()) std::abort();
  return 0;
}
