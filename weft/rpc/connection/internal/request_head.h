#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "weft/base/local_ref.h"
#include "weft/base/status.h"
#include "weft/base/time.h"
#include "weft/codec/compression.h"
#include "weft/coro/frame/frame_pool.h"
#include "weft/http2/session/session.h"
#include "weft/rpc/call/metadata.h"
#include "weft/rpc/call/propagation.h"
#include "weft/rpc/server/dispatcher.h"

namespace weft::rpc {

/// What a server takes of a request, and where it goes.
struct RequestRules {
  const Dispatcher& dispatcher;
  std::size_t max_metadata_size;  // ServerOptions
  CompressionSet accepted;        // ServerOptions::accepted_compressions
  const PropagationOptions& propagation;
};

/// What the header block of a request says, as gRPC reads it. Read once for header blocks that a
/// client sends again and again, and shared by their calls.
struct RequestHead : LocalCounted, coro::Pooled {
  using Ref = LocalRef<const RequestHead>;

  RequestHead(http2::HeaderFields fields, std::string_view request_path, const RequestRules& rules);
  /// Of a request that begins as the one that `beginning` was made of, whose status is OK, and goes
  /// on with `rest`.
  RequestHead(const RequestHead& beginning, http2::HeaderFields rest, const RequestRules& rules);
  ~RequestHead();  // not inline: a reference is given up with each call, a head seldom

  /// The method's path, or what the client asked for where nobody serves that.
  std::string_view path() const noexcept {
    return route == nullptr ? std::string_view(unknown_path) : route->method->path;
  }
  /// Whether an overloaded server may refuse the call; one that gets an error soon needs no
  /// refusal.
  bool refusable() const noexcept { return served && !vital() && status.ok(); }
  /// A trace or baggage.
  bool carries() const noexcept { return carried != nullptr || trace.valid(); }
  const TraceContext& trace_context() const noexcept {
    return carried == nullptr ? trace : carried->trace();
  }
  bool vital() const noexcept { return route != nullptr && route->vital; }
  std::size_t memory() const noexcept {
    return sizeof(*this) + unknown_path.capacity() + metadata.memory() + carried_memory;
  }

  /// Not OK when the headers cannot be served.
  Status status;
  const Route* route;
  bool served;               // by a method or the fallback
  std::string unknown_path;  // only where there is no route, whose descriptor has it
  const CodecTable::Served* format = nullptr;  // of the messages; null: protobuf
  Metadata metadata;
  Duration timeout = kForever;
  Compression compression = Compression::Identity;  // of the request's messages
  bool compressed = false;                          // it came with grpc-encoding
  CompressionSet accepted;                          // of the responses
  /// Trace and baggage, for the calls' contexts; null where there are none. A trace that comes
  /// without tracestate and baggage is in `trace` instead, which is valid only then.
  std::unique_ptr<const Context> carried;
  TraceContext trace;
  std::size_t carried_memory = 0;

 private:
  void read(http2::HeaderFields fields, const RequestRules& rules);
  void read_carried(const PropagationOptions& options);
  Status read_field(const http2::HeaderField& field, const RequestRules& rules);
};

/// Where a connection keeps the head of a header block that it has seen before.
struct RequestHeadMemo final : http2::HeaderMemo {
  explicit RequestHeadMemo(RequestHead::Ref of) noexcept : head(std::move(of)) {}
  RequestHead::Ref head;
};

}  // namespace weft::rpc
