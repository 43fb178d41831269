// What runs for every call with a trace; the rest of propagation.h is compiled for size.
#include "weft/rpc/call/internal/trace_fields.h"

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "weft/base/characters.h"
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

/// Writes eight values below 16 as four bytes.
void write_digits(std::uint64_t values, std::uint8_t* out) noexcept {
  if constexpr (std::endian::native == std::endian::big) values = __builtin_bswap64(values);
  std::uint64_t pairs = (values << 4 | values >> 8) & 0x00ff00ff00ff00ff;
  pairs = (pairs | pairs >> 8) & 0x0000ffff0000ffff;
  pairs |= pairs >> 16;
  auto bytes = static_cast<std::uint32_t>(pairs);
  if constexpr (std::endian::native == std::endian::big) bytes = __builtin_bswap32(bytes);
  std::memcpy(out, &bytes, sizeof(bytes));
}

/// Reads sixteen digits as eight bytes; not zero at those that are none.
Characters::Vector read_digits(const char* text, std::uint8_t* out) noexcept {
  using Vector = Characters::Vector;
  const Vector c = Characters::at(text);
  const auto is_number = std::bit_cast<Vector>(c - 0x30 < 10);
  const auto is_letter = std::bit_cast<Vector>(c - 0x61 < 6);
  const Vector values = ((c - 0x30) & is_number) | ((c - 0x57) & is_letter);
  for (std::size_t i = 0; i < 2; ++i) {
    std::uint64_t half;
    std::memcpy(&half, reinterpret_cast<const char*>(&values) + 8 * i, sizeof(half));
    write_digits(half, out + 4 * i);
  }
  return ~(is_number | is_letter);
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
  const auto add_if = [](bool same, Values& values, std::string_view value) {
    if (same) values.add(value);
  };
  for (const Metadata::Entry entry : metadata) {
    switch (entry.name.size()) {
      case kTraceparent.size():
        add_if(entry.name == kTraceparent, traceparent, entry.value);
        break;
      case kTracestate.size():
        add_if(entry.name == kTracestate, tracestate, entry.value);
        break;
      case kTraceBin.size():
        add_if(entry.name == kTraceBin, trace_bin, entry.value);
        break;
      case kBaggage.size():
        add_if(entry.name == kBaggage, baggage, entry.value);
        break;
      default:
        break;
    }
  }
}

std::optional<TraceContext> parse_traceparent(std::string_view text) noexcept {
  if (text.size() < kTraceparentSize) return std::nullopt;
  if (text[kTraceIdAt - 1] != '-' || text[kSpanIdAt - 1] != '-' || text[kFlagsAt - 1] != '-') {
    return std::nullopt;
  }
  std::uint8_t version = 0;
  if (!read_byte(text.data(), version) || version == 0xff) return std::nullopt;
  // Section 3.2.4: of a later version, what follows the flags is not ours to read.
  if (version == 0 && text.size() != kTraceparentSize) return std::nullopt;
  if (text.size() > kTraceparentSize && text[kTraceparentSize] != '-') return std::nullopt;

  std::optional<TraceContext> trace(std::in_place);
  const char* const id = text.data() + kTraceIdAt;
  const bool are_digits = is_zero(read_digits(id, trace->trace_id.data()) |
                                  read_digits(id + 16, trace->trace_id.data() + 8) |
                                  read_digits(text.data() + kSpanIdAt, trace->span_id.data()));
  if (!are_digits || !read_byte(text.data() + kFlagsAt, trace->flags) || !trace->valid()) {
    return std::nullopt;
  }
  trace->flags &= version == 0 ? kKnownFlags : TraceContext::kSampled;
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
