#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "weft/base/bytes.h"
#include "weft/base/result.h"
#include "weft/edge/answer/internal/envelope_flags.h"
#include "weft/edge/client/internal/content_kind.h"

namespace weft::edge {

/// A content in an envelope: a message, or what ends a stream.
struct Envelope {
  bool compressed = false;
  bool ends_stream = false;
  Bytes content;
};

/// Cuts the body of a response into envelopes: flags, the length in four bytes, the content. An
/// announced length reserves nothing: what has not come takes no memory.
class EnvelopeReader {
 public:
  /// `end_flag`: kConnectEnd or kWebEnd.
  EnvelopeReader(std::uint8_t end_flag, const ContentKind& message, const ContentKind& end) noexcept
      : end_flag_(end_flag), message_(message), end_(end) {}

  void push(std::string_view part) { buffer_.append(part); }
  /// The next whole one; nothing where there is none yet. As soon as its prefix is there:
  /// RESOURCE_EXHAUSTED for more than its kind may have, INTERNAL for flags of no protocol.
  Result<std::optional<Envelope>> next();
  /// Nothing is left: the body may end here.
  bool at_boundary() const noexcept { return at_ == buffer_.size(); }

 private:
  void drop_read();

  const std::uint8_t end_flag_;
  const ContentKind message_;
  const ContentKind end_;
  std::string buffer_;
  std::size_t at_ = 0;  // what is before that was read
};

}  // namespace weft::edge
