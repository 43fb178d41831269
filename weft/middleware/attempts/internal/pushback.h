#pragma once

#include <optional>

#include "weft/base/time.h"
#include "weft/rpc/call/metadata.h"

namespace weft::middleware {

/// What a server says of a further attempt with `grpc-retry-pushback-ms` in its trailers (gRFC A6).
struct Pushback {
  /// Not to be sent: the value is negative, or no number.
  bool stop = false;
  /// When to send it; nothing where the server does not say.
  std::optional<Duration> pause;
};
Pushback pushback_of(const Metadata& trailers);

}  // namespace weft::middleware
