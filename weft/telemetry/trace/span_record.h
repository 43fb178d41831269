#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "weft/base/status.h"
#include "weft/base/time.h"
#include "weft/coro/trace_context.h"

namespace weft::telemetry {

using TraceId = decltype(TraceContext::trace_id);
using SpanId = decltype(TraceContext::span_id);

/// What a span stands for. The values are OTLP's.
enum class SpanKind : std::uint8_t { Internal = 1, Server = 2, Client = 3 };
/// How it ended. The values are OTLP's.
enum class SpanStatus : std::uint8_t { Unset = 0, Ok = 1, Error = 2 };

struct Attribute {
  std::string key;
  std::variant<std::string, std::int64_t, double, bool> value;
};

struct SpanEvent {
  std::string name;
  TimePoint at;
  std::vector<Attribute> attributes{};
};

// Limits of what a program adds to a span; what is beyond is left out and counted (OpenTelemetry's
// SpanLimits, with a limit of texts beside).
inline constexpr std::size_t kMaxAttributes = 128;
inline constexpr std::size_t kMaxEvents = 128;
inline constexpr std::size_t kMaxLinks = 128;
/// Bytes of a text, which is cut there.
inline constexpr std::size_t kMaxText = 4096;

/// What only some spans have.
struct SpanDetails {
  std::string name{};     ///< where it is no method's
  std::string message{};  ///< why it failed
  TraceState state{};     ///< the trace's W3C `tracestate`
  std::vector<Attribute> attributes{};
  std::vector<SpanEvent> events{};
  std::vector<TraceContext> links{};
  std::uint32_t dropped_attributes = 0;
  std::uint32_t dropped_events = 0;
  std::uint32_t dropped_links = 0;
  std::size_t bytes = 0;  ///< of all its texts
};

/// A span that has ended. The pointers are to texts that a Tracer keeps.
struct SpanRecord {
  TraceId trace_id{};
  SpanId span_id{};
  SpanId parent_id{};  ///< zero: the first of its trace
  std::uint8_t flags = 0;
  SpanKind kind = SpanKind::Internal;
  SpanStatus status = SpanStatus::Unset;
  bool is_attempt = false;
  /// The parent is of another process, or of another server in this one.
  bool parent_is_remote = false;
  /// Spans of the same local root were overwritten before it was known that they would be kept.
  bool lost_children = false;
  std::uint16_t peer_port = 0;
  std::uint32_t previous_attempts = 0;
  std::optional<StatusCode> code{};  ///< of a call
  TimePoint begun{};
  TimePoint ended{};
  const std::string* method = nullptr;  ///< "pkg.Service/Method"; null: details->name
  const std::string* target = nullptr;  ///< of a client: "dns:///greeter:50051"
  std::string peer_host{};
  std::unique_ptr<SpanDetails> details{};

  /// "pkg.Service/Method", or what span() was given.
  std::string_view name() const noexcept {
    if (method != nullptr) return *method;
    return details == nullptr ? std::string_view() : std::string_view(details->name);
  }
  /// Bytes it takes, about.
  std::size_t memory() const noexcept {
    return sizeof(SpanRecord) + (details == nullptr ? 0 : sizeof(SpanDetails) + details->bytes);
  }
};

}  // namespace weft::telemetry
