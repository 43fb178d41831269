#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "weft/base/result.h"

namespace weft {

/// What tracing systems say of a trace beside its ids: W3C's `tracestate`, a list of `key=value`
/// that is handed on as it came. Immutable; copies share the text, and may be used on any thread.
class TraceState {
 public:
  /// W3C Trace Context section 3.3.1: more list-members make the whole list invalid.
  static constexpr std::size_t kMaxMembers = 32;
  /// What has to be handed on at least, in bytes (section 3.3.1.5), and is at most.
  static constexpr std::size_t kMaxSize = 512;

  /// None.
  TraceState() noexcept = default;
  /// Reads a list; spaces around its members and empty members are dropped. Of a list longer than
  /// kMaxSize it keeps what the standard says: members of more than 128 bytes go first, then those
  /// at the end; their number is added to `dropped` where that is not null. INVALID_ARGUMENT for
  /// what is no list, and for more than kMaxMembers.
  static Result<TraceState> parse(std::string_view text, std::size_t* dropped = nullptr);

  bool empty() const noexcept { return text_ == nullptr; }
  /// "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"; valid as long as this object or a copy of it is.
  std::string_view text() const noexcept {
    return text_ == nullptr ? std::string_view() : std::string_view(*text_);
  }
  friend bool operator==(const TraceState& a, const TraceState& b) noexcept {
    return a.text() == b.text();
  }

 private:
  std::shared_ptr<const std::string> text_;  // null: none
};

/// W3C Trace Context: which trace a call belongs to, and the span that made it. All zero means "no
/// trace".
struct TraceContext {
  /// Flags of W3C Trace Context level 2; others are neither kept nor sent.
  static constexpr std::uint8_t kSampled = 0x01;
  static constexpr std::uint8_t kRandomTraceId = 0x02;

  std::array<std::uint8_t, 16> trace_id{};
  std::array<std::uint8_t, 8> span_id{};
  std::uint8_t flags = 0;
  /// The trace came as `grpc-trace-bin` only; then calls carry that too, for peers that read
  /// nothing else.
  bool binary = false;
  TraceState state{};

  /// Both ids are set: only then do calls carry it.
  bool valid() const noexcept {
    return trace_id != std::array<std::uint8_t, 16>{} && span_id != std::array<std::uint8_t, 8>{};
  }
  bool sampled() const noexcept { return (flags & kSampled) != 0; }
};

}  // namespace weft
