#include "weft/rpc/call/propagation.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <utility>

#include "weft/base/log.h"
#include "weft/base/log/log_value.h"
#include "weft/base/text/ascii.h"
#include "weft/base/text/token.h"
#include "weft/base/text/utf8.h"
#include "weft/rpc/call/internal/trace_fields.h"
#include "weft/rpc/grpc/grpc_wire.h"

namespace weft {
namespace rpc {
namespace {

constinit std::atomic<std::uint64_t> drops{0};
constinit std::atomic<std::uint64_t> logged_drops{0};
constinit std::atomic<std::int64_t> next_line{0};

/// Counts, and logs where a minute has passed since the last line. The clock is the process's own,
/// and is asked only where something is dropped.
[[gnu::cold]] void note_drops(std::size_t count, const std::string& what) {
  const std::uint64_t all = drops.fetch_add(count, std::memory_order_relaxed) + count;
  const std::int64_t now = std::chrono::duration_cast<std::chrono::seconds>(
                               std::chrono::steady_clock::now().time_since_epoch())
                               .count();
  std::int64_t due = next_line.load(std::memory_order_relaxed);
  if (now < due) return;
  if (!next_line.compare_exchange_strong(due, now + 60, std::memory_order_relaxed)) return;
  const std::uint64_t before = logged_drops.exchange(all, std::memory_order_relaxed);
  log(LogLevel::Warn,
      what + "; " + std::to_string(all - before) + " values dropped since the last line like this");
}

bool is_space(char c) noexcept { return c == ' ' || c == '\t'; }

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

/// The part before the next `end`; `text` keeps what follows it.
std::string_view cut(std::string_view& text, char end) noexcept {
  const std::size_t at = std::min(text.find(end), text.size());
  const std::string_view part = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return part;
}

/// W3C Baggage section 3.3.1, baggage-octet.
bool is_octet(char c) noexcept {
  return c >= 0x21 && c <= 0x7e && c != '"' && c != ',' && c != ';' && c != '\\';
}
bool is_value(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), is_octet);
}
/// What may follow the first ';', without spaces.
bool are_properties(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return is_octet(c) || c == ';'; });
}

/// False where it is no member.
bool add_member(std::string_view member, Context& context) {
  std::string_view rest = member;
  std::string_view pair = cut(rest, ';');
  if (pair.find('=') == std::string_view::npos) return false;
  const std::string_view key = trim(cut(pair, '='));
  const std::string_view value = trim(pair);
  std::string properties(rest);
  std::erase_if(properties, is_space);
  if (!is_token(key) || !is_value(value) || !are_properties(properties)) return false;
  if (value.find('%') == std::string_view::npos) {
    context.set_baggage(key, value, properties);
  } else {
    // W3C Baggage section 3.3.1.3.
    context.set_baggage(key, to_utf8(percent_decode(value)), properties);
  }
  return true;
}

void append_value(std::string_view value, std::string& out) {
  for (const char c : value) {
    if (is_octet(c) && c != '%') {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += "0123456789ABCDEF"[byte >> 4];
    out += "0123456789ABCDEF"[byte & 15];
  }
}

/// Several fields are one list (section 3.3).
TraceState read_state(const Values& values, const Metadata& metadata) {
  std::size_t dropped = 0;
  Result<TraceState> state = TraceState();
  if (values.count == 1) {
    state = TraceState::parse(values.first, &dropped);
  } else if (values.count > 1) {
    std::string all;
    for (const Metadata::Entry entry : metadata) {
      if (entry.name == kTracestate) all.append(entry.value).append(1, ',');
    }
    state = TraceState::parse(all, &dropped);
  }
  if (!state.ok()) {
    note_drops(1, "a request's " + std::string(state.status().message()));
    return {};
  }
  if (dropped != 0) {
    note_drops(dropped, "a request's tracestate is longer than the limit of " +
                            std::to_string(TraceState::kMaxSize) + " bytes");
  }
  return *std::move(state);
}

void extract_trace(const TraceFields& received, const Metadata& metadata, Context& context) {
  if (received.traceparent.count == 1) {
    if (std::optional<TraceContext> trace = parse_traceparent(received.traceparent.first)) {
      if (received.tracestate.count != 0) trace->state = read_state(received.tracestate, metadata);
      context.trace() = *std::move(trace);
      return;
    }
  }
  std::optional<TraceContext> trace;
  if (received.trace_bin.count == 1) trace = parse_trace_bin(received.trace_bin.first);
  if (trace) {
    context.trace() = *std::move(trace);
  } else if (received.traceparent.count + received.trace_bin.count != 0) {
    note_drops(1, received.traceparent.count > 1
                      ? "a request's traceparent comes more than once, so there is none"
                      : "a request's traceparent or grpc-trace-bin is malformed: " +
                            log_value(received.traceparent.first));
  }
}

void extract_baggage(const Metadata& metadata, Context& context) {
  BaggageRoom room;
  std::size_t dropped = 0;
  for (const Metadata::Entry entry : metadata) {
    if (entry.name == kBaggage) dropped += parse_baggage(entry.value, room, context);
  }
  if (dropped == 0) return;
  note_drops(dropped, "a request's baggage has " + std::to_string(dropped) +
                          " members that are malformed or beyond the limits of " +
                          std::to_string(kMaxBaggageMembers) + " members and " +
                          std::to_string(kMaxBaggageSize) + " bytes");
}

/// Adds values as long as there is room for them.
class Injection {
 public:
  Injection(Metadata& metadata, std::size_t room) noexcept : metadata_(metadata), room_(room) {}

  bool has(std::string_view name) const noexcept { return metadata_.get(name).has_value(); }
  /// Bytes that a value of that name may have.
  std::size_t room_for(std::string_view name) const noexcept {
    const std::size_t overhead = name.size() + Metadata::kEntryOverhead;
    return room_ - std::min(room_, overhead);
  }
  bool add(std::string_view name, std::string_view value) {
    if (value.size() > room_for(name)) {
      note_no_room(name);
      return false;
    }
    metadata_.add(name, value);
    room_ -= name.size() + value.size() + Metadata::kEntryOverhead;
    return true;
  }
  void add_by(const Propagator& format, const Context& context) {
    Metadata before = metadata_;
    format.inject(context, metadata_);
    const Status valid = metadata_.validate();
    const std::size_t size = std::max(metadata_.wire_size(), before.wire_size());
    const std::size_t more = size - before.wire_size();
    if (valid.ok() && more <= room_) {
      room_ -= more;
      return;
    }
    metadata_ = std::move(before);
    if (valid.ok()) return note_no_room("what a Propagator adds");
    note_drops(1, "a Propagator's " + std::string(valid.message()));
  }

 private:
  [[gnu::cold]] static void note_no_room(std::string_view name) {
    note_drops(1, "the peer's limit for request metadata leaves no room for " + std::string(name));
  }
  Metadata& metadata_;
  std::size_t room_;
};

void inject_trace(const PropagationOptions& options, const TraceContext& trace, Injection& to) {
  if (!trace.valid()) return;
  // A tracestate says something of the trace it came with, so it goes with our traceparent only.
  if (!to.has(kTraceparent)) {
    const auto text = format_traceparent(trace);
    const bool added = to.add(kTraceparent, {text.data(), text.size()});
    if (added && !trace.state.empty() && !to.has(kTracestate)) {
      to.add(kTracestate, trace.state.text());
    }
  }
  if ((options.grpc_trace_bin || trace.binary) && !to.has(kTraceBin)) {
    const std::array<char, 29> bytes = format_trace_bin(trace);
    to.add(kTraceBin, {bytes.data(), bytes.size()});
  }
}

void inject_baggage(const Context& context, Injection& to) {
  if (to.has(kBaggage)) return;
  std::size_t dropped = 0;
  const std::size_t room = std::min(kMaxBaggageSize, to.room_for(kBaggage));
  const std::string text = format_baggage(context, room, dropped);
  if (!text.empty()) to.add(kBaggage, text);
  if (dropped == 0) return;
  note_drops(dropped, "a call's baggage has " + std::to_string(dropped) +
                          " members that it cannot carry: their keys are no tokens, or they are "
                          "beyond the limits of " +
                          std::to_string(kMaxBaggageMembers) + " members and " +
                          std::to_string(room) + " bytes");
}

}  // namespace

std::optional<TraceContext> parse_trace_bin(std::string_view bytes) noexcept {
  if (bytes.empty() || bytes.front() != 0) return std::nullopt;
  bytes.remove_prefix(1);
  TraceContext trace;
  const std::array<std::pair<std::uint8_t*, std::size_t>, 3> fields = {
      {{trace.trace_id.data(), trace.trace_id.size()},
       {trace.span_id.data(), trace.span_id.size()},
       {&trace.flags, 1}}};
  while (!bytes.empty()) {
    const auto number = static_cast<unsigned char>(bytes.front());
    if (number >= fields.size()) break;
    const auto [to, size] = fields[number];
    if (bytes.size() - 1 < size) return std::nullopt;
    std::memcpy(to, bytes.data() + 1, size);
    bytes.remove_prefix(1 + size);
  }
  if (!trace.valid()) return std::nullopt;
  trace.flags &= TraceContext::kSampled;
  trace.binary = true;
  return trace;
}

std::array<char, 29> format_trace_bin(const TraceContext& trace) noexcept {
  std::array<char, 29> bytes{};
  std::memcpy(bytes.data() + 2, trace.trace_id.data(), trace.trace_id.size());
  bytes[18] = 1;
  std::memcpy(bytes.data() + 19, trace.span_id.data(), trace.span_id.size());
  bytes[27] = 2;
  bytes[28] = static_cast<char>(trace.flags & TraceContext::kSampled);
  return bytes;
}

std::size_t parse_baggage(std::string_view text, BaggageRoom& room, Context& context) {
  std::size_t dropped = 0;
  while (!text.empty()) {
    const std::string_view member = trim(cut(text, ','));
    if (member.empty()) continue;
    // The comma counts: what was read can be written again.
    const std::size_t size = member.size() + 1;
    if (room.members == 0 || size > room.size + 1 || !add_member(member, context)) {
      ++dropped;
      continue;
    }
    --room.members;
    room.size -= std::min(room.size, size);
  }
  return dropped;
}

std::string format_baggage(const Context& context, std::size_t room, std::size_t& dropped) {
  std::string out;
  std::size_t members = 0;
  context.for_each_baggage([&](const BaggageEntry& entry) {
    const std::size_t before = out.size();
    if (members != kMaxBaggageMembers && is_token(entry.key) && are_properties(entry.properties)) {
      if (before != 0) out += ',';
      out.append(entry.key).append(1, '=');
      append_value(entry.value, out);
      if (!entry.properties.empty()) out.append(1, ';').append(entry.properties);
      if (out.size() <= room) {
        ++members;
        return;
      }
      out.resize(before);
    }
    ++dropped;
  });
  return out;
}

}  // namespace rpc

std::unique_ptr<const Context> extract_context(const PropagationOptions& options,
                                               const Metadata& metadata) {
  const rpc::TraceFields received(metadata);
  if (received.empty() && options.formats.empty()) return nullptr;
  auto context = std::make_unique<Context>();
  if (options.trace) rpc::extract_trace(received, metadata, *context);
  if (options.baggage) rpc::extract_baggage(metadata, *context);
  for (const auto& format : options.formats) format->extract(metadata, *context);
  if (!context->has_luggage()) return nullptr;
  return context;
}

void inject_context(const PropagationOptions& options, const Context& context, Metadata& metadata,
                    std::size_t room) {
  rpc::Injection injection(metadata, room);
  if (options.trace) rpc::inject_trace(options, context.trace(), injection);
  if (options.baggage) rpc::inject_baggage(context, injection);
  for (const auto& format : options.formats) injection.add_by(*format, context);
}

std::uint64_t propagation_drops() noexcept { return rpc::drops.load(std::memory_order_relaxed); }

}  // namespace weft
