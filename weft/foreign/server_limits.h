#pragma once

#include <chrono>
#include <cstddef>

#include "weft/base/time.h"

namespace weft::foreign {

/// What a peer may make a server hold and do on a connection, beside ServerOptions. A request is no
/// larger than ServerOptions::max_receive_size, as text too.
struct ServerLimits {
  /// Requests that are served at the same time; more wait unread.
  std::size_t max_calls = 100;
  /// Bytes of requests that are served and of answers that the peer has not taken; beyond, further
  /// requests wait unread.
  std::size_t max_pending_bytes = std::size_t{4} * 1024 * 1024;
  /// Objects, lists and structs in each other.
  int max_depth = 100;
  /// Deadline of each call: these protocols carry none.
  Duration call_timeout = kForever;
  /// How long a request may take from its first byte to its last.
  Duration request_timeout = std::chrono::seconds(60);
  /// How long a peer may take to read 64 KiB of answers.
  Duration write_timeout = std::chrono::seconds(60);
  /// How long calls go on of a peer that has closed its sending side.
  Duration half_closed_timeout = std::chrono::seconds(5);
};

}  // namespace weft::foreign
