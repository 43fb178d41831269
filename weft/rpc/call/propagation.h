#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weft/coro/context.h"
#include "weft/rpc/call/metadata.h"

namespace weft {

/// A custom format in which trace and baggage go from process to process, such as B3. Transports
/// call it on the threads of all loops, so it must be thread-safe, and must not throw.
class Propagator {
 public:
  virtual ~Propagator() = default;
  /// A call is about to be sent. Adds the trace or the baggage of `context` to `metadata`, which
  /// already has the caller's entries and weft's; existing names must not be changed. Entries that
  /// Metadata::validate() refuses or that exceed the peer's limit are removed and logged.
  virtual void inject(const Context& context, Metadata& metadata) const = 0;
  /// A call has come. Reads `metadata` into `context`, which has what weft has read already. Called
  /// once for requests with the same header block. It bounds what it sets itself.
  virtual void extract(const Metadata& metadata, Context& context) const = 0;
};

/// The part of a call's context that crosses the wire: its trace (W3C Trace Context level 2:
/// `traceparent`, `tracestate`) and its baggage (W3C Baggage: `baggage`). A server reads it from a
/// request before the first middleware runs; a channel writes that of each call's context, whether
/// it came with the call being served, was set by the application (Context::set_baggage()) or by a
/// middleware (Context::trace()). A name that the caller's metadata have stays the caller's. See
/// docs/guide/propagation.md.
struct PropagationOptions {
  bool trace = true;
  /// Turn it off on a server that strangers can reach, so that they cannot write what its handlers
  /// and the servers behind it read, and on a channel to servers of others, which would see the
  /// baggage.
  bool baggage = true;
  /// `grpc-trace-bin`, in which gRPC's older peers (OpenCensus) carry the trace. It is read
  /// wherever there is no valid traceparent. A channel writes it, beside traceparent, for traces
  /// that came so, and with this option always.
  bool grpc_trace_bin = false;
  /// Formats beside these, in order.
  std::vector<std::shared_ptr<const Propagator>> formats{};
};

// For transports.

/// The trace and baggage of a request's metadata, for Context::receive() of its calls; null if
/// there are none. Never fails: a traceparent that is malformed or comes twice is no trace, and its
/// tracestate is dropped with it; a malformed member of the baggage is dropped, and so is what goes
/// beyond the standard's limits.
std::unique_ptr<const Context> extract_context(const PropagationOptions& options,
                                               const Metadata& metadata);
/// Adds what `context` has to `metadata` of an outgoing call, as long as that takes no more than
/// `room` bytes, counted as Metadata::wire_size() does; the trace comes first. To be called where
/// context.has_luggage().
void inject_context(const PropagationOptions& options, const Context& context, Metadata& metadata,
                    std::size_t room = SIZE_MAX);

/// Members of baggage and tracestate, and values of Propagators, that this process has not taken
/// over from requests or not sent, because they were malformed or too many or too large. The log
/// has a line about them, at most one a minute.
std::uint64_t propagation_drops() noexcept;

namespace rpc {

/// W3C Baggage section 3.3.2: what a platform hands on at least, and weft at most.
inline constexpr std::size_t kMaxBaggageMembers = 64;
inline constexpr std::size_t kMaxBaggageSize = 8192;

/// `traceparent` (W3C Trace Context section 3.2). Later versions than 00 are read as far as the
/// standard asks for; nothing where it is malformed.
std::optional<TraceContext> parse_traceparent(std::string_view text) noexcept;
std::array<char, 55> format_traceparent(const TraceContext& trace) noexcept;

/// `grpc-trace-bin` (OpenCensus' BinaryEncoding, version 0): 0, then fields of a number and its
/// bytes: 0 the trace id, 1 the span id, 2 the flags. Fields after an unknown number are ignored.
std::optional<TraceContext> parse_trace_bin(std::string_view bytes) noexcept;
std::array<char, 29> format_trace_bin(const TraceContext& trace) noexcept;

/// How much more baggage a context takes from a request.
struct BaggageRoom {
  std::size_t members = kMaxBaggageMembers;
  std::size_t size = kMaxBaggageSize;
};
/// Adds the members of a `baggage` field to `context`, as long as there is room for them; a key
/// that comes again takes the place of the first. Returns how many it has dropped.
std::size_t parse_baggage(std::string_view text, BaggageRoom& room, Context& context);
/// The baggage of `context` as a field of at most `room` bytes; members for which there is no room
/// are left out and added to `dropped`.
std::string format_baggage(const Context& context, std::size_t room, std::size_t& dropped);

}  // namespace rpc
}  // namespace weft
