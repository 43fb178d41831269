#pragma once

#include <cstddef>
#include <type_traits>

#include "weft/base/time.h"
#include "weft/codec/codec.h"
#include "weft/codec/compression.h"
#include "weft/rpc/call/metadata.h"

namespace weft {

/// What a caller may set for one call: `co_await greeter.SayHello(request, {.timeout = 200ms})`.
/// Pointers refer to things of the caller that outlive the call, and that do not change meanwhile.
struct CallOptions {
  /// From the start of the call; the context's deadline holds where it is earlier.
  Duration timeout = kForever;
  /// Sent along; null for none.
  const Metadata* metadata = nullptr;
  /// Filled with what the server sent before and after its messages, also when the call fails.
  Metadata* response_metadata = nullptr;
  Metadata* trailers = nullptr;
  /// Encoding of the requests.
  Compression compression = Compression::Identity;
  /// Format of the messages, both ways, in place of the channel's (ChannelOptions::codec);
  /// protobuf_codec() for protobuf. Null takes the channel's.
  const Codec* codec = nullptr;
  /// Wait for a connection instead of failing while there is none.
  bool wait_for_ready = false;
  /// Largest response in bytes; 0 takes the channel's.
  std::size_t max_receive_size = 0;
};

// GCC 12 destroys a temporary aggregate with a non-trivial destructor twice when it stands in a
// co_await expression, where these usually stand.
static_assert(std::is_trivially_destructible_v<CallOptions>);

}  // namespace weft
