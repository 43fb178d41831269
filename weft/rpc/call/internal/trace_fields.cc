// What runs for every call with a trace; the rest of propagation.h is compiled for size.
#include "weft/rpc/call/internal/trace_fields.h"

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "weft/base/text/characters.h"
#include "weft/http2/hpack/header.h"
#include "weft/rpc/call/propagation.h"

namespace weft::rpc {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";
constexpr std::uint8_t kKnownFlags = TraceContext::kSampled | TraceContext::kRandomTraceId;

// Places in a traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".
constexpr std::size_t kTraceIdAt = 3;
constexpr std::size_t kSpanIdAt = 36;
constexpr std::size_t kFlagsAt = 53;
constexpr std::size_t kTraceparentSize = 55;

/// Of a digit, lower case only, as the standard asks; above 15 where it is none.
unsigned digit(char c) noexcept {
  const unsigned number = static_cast<unsigned char>(c) - 0x30U;
  const unsigned letter = static_cast<unsigned char>(c) - 0x61U;
  return number < 10 ? number : letter < 6 ? letter + 10 : 16;
}

bool read_byte(const char* text, std::uint8_t& out) noexcept {
  const unsigned high = digit(text[0]);
  const unsigned low = digit(text[1]);
  out = static_cast<std::uint8_t>(high << 4 | (low & 15));
  return (high | low) < 16;
}

/// Sixteen digits as numbers; sets bits of `bad` where there are others.
Characters::Vector numbers_at(const char* text, Characters::Vector& bad) noexcept {
  using Vector = Characters::Vector;
  const Vector c = Characters::at(text);
  const auto is_number = std::bit_cast<Vector>(c - 0x30 < 10);
  const auto is_letter = std::bit_cast<Vector>(c - 0x61 < 6);
  bad |= ~(is_number | is_letter);
  return ((c - 0x30) & is_number) | ((c - 0x57) & is_letter);
}

/// Of 32 numbers below 16, the bytes whose halves they are.
Characters::Vector bytes_of(Characters::Vector first, Characters::Vector second) noexcept {
  const auto high = __builtin_shufflevector(first, second, 0, 2, 4, 6, 8, 10, 12, 14,  //
                                            16, 18, 20, 22, 24, 26, 28, 30);
  const auto low = __builtin_shufflevector(first, second, 1, 3, 5, 7, 9, 11, 13, 15,  //
                                           17, 19, 21, 23, 25, 27, 29, 31);
  return high << 4 | low;
}

bool is_zero(Characters::Vector characters) noexcept {
  std::uint64_t halves[2];
  std::memcpy(halves, &characters, sizeof(halves));
  return (halves[0] | halves[1]) == 0;
}

[[gnu::noinline]] void write_hex(const std::uint8_t* bytes, std::size_t size, char* out) noexcept {
  for (std::size_t i = 0; i < size; ++i) {
    out[2 * i] = kDigits[bytes[i] >> 4];
    out[2 * i + 1] = kDigits[bytes[i] & 15];
  }
}

}  // namespace

TraceFields::TraceFields(const Metadata& metadata) noexcept {
  using http2::Token;
  for (std::size_t i = 0; i < metadata.size(); ++i) {
    switch (metadata.token(i)) {
      case Token::Traceparent:
        traceparent.add(metadata[i].value);
        break;
      case Token::Tracestate:
        tracestate.add(metadata[i].value);
        break;
      case Token::GrpcTraceBin:
        trace_bin.add(metadata[i].value);
        break;
      case Token::Baggage:
        baggage.add(metadata[i].value);
        break;
      default:
        break;
    }
  }
}

bool read_traceparent(std::string_view text, TraceContext& trace) noexcept {
  if (text.size() < kTraceparentSize) return false;
  if (text[kTraceIdAt - 1] != '-' || text[kSpanIdAt - 1] != '-' || text[kFlagsAt - 1] != '-') {
    return false;
  }
  std::uint8_t version = 0;
  if (!read_byte(text.data(), version) || version == 0xff) return false;
  // Section 3.2.4: of a later version, what follows the flags is not ours to read.
  if (version == 0 && text.size() != kTraceparentSize) return false;
  if (text.size() > kTraceparentSize && text[kTraceparentSize] != '-') return false;

  Characters::Vector bad{};
  const char* const id = text.data() + kTraceIdAt;
  const auto trace_id = bytes_of(numbers_at(id, bad), numbers_at(id + 16, bad));
  const auto span_id = bytes_of(numbers_at(text.data() + kSpanIdAt, bad), Characters::Vector{});
  if (!is_zero(bad) || !read_byte(text.data() + kFlagsAt, trace.flags)) return false;
  std::memcpy(trace.trace_id.data(), &trace_id, trace.trace_id.size());
  std::memcpy(trace.span_id.data(), &span_id, trace.span_id.size());
  trace.flags &= version == 0 ? kKnownFlags : TraceContext::kSampled;
  return trace.valid();
}

std::optional<TraceContext> parse_traceparent(std::string_view text) noexcept {
  std::optional<TraceContext> trace(std::in_place);
  if (!read_traceparent(text, *trace)) trace.reset();
  return trace;
}

std::array<char, 55> format_traceparent(const TraceContext& trace) noexcept {
  std::array<char, kTraceparentSize> text;
  text.fill('-');
  text[0] = text[1] = '0';
  write_hex(trace.trace_id.data(), trace.trace_id.size(), text.data() + kTraceIdAt);
  write_hex(trace.span_id.data(), trace.span_id.size(), text.data() + kSpanIdAt);
  // Section 3.2.2.5.3: flags that are not known are sent as zero.
  const std::uint8_t flags = trace.flags & kKnownFlags;
  write_hex(&flags, 1, text.data() + kFlagsAt);
  return text;
}

}  // namespace weft::rpc
