#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "weft/base/time.h"
#include "weft/http1/message/chunk_decoder.h"
#include "weft/http1/message/head.h"
#include "weft/rpc/protocol/wire_protocol.h"

namespace weft::http1 {

/// What HTTP/1.1 on a server's ports allows a client. What exceeds it is answered with the limit in
/// words, and the connection closes.
struct ProtocolOptions {
  HeadLimits head{};
  ChunkLimits chunks{};
  /// Content of a request; more is answered 413.
  std::uint64_t max_content = std::uint64_t{1} << 30;
  /// Requests on one connection; the last is answered with `Connection: close`.
  std::uint64_t max_requests = 1'000'000;
  /// Bytes of further requests that are read while one is served. Such requests wait for it: they
  /// are served one by one, in order.
  std::size_t max_pipelined = std::size_t{16} * 1024;

  /// How long a connection may be idle before its first request and between two.
  Duration idle_timeout = std::chrono::seconds(60);
  /// How long a head may take from its first byte to its last.
  Duration head_timeout = std::chrono::seconds(20);
  /// How long a client may be silent while content is due; 408 then.
  Duration content_timeout = std::chrono::seconds(60);
  /// Bytes a second that content has to come with, and that a client has to read of a response: on
  /// average, with pauses as long as content_timeout and write_timeout allow. Only time in which
  /// the client is waited for counts. 0: any byte is enough.
  std::uint64_t min_content_rate = 240;
  std::uint64_t min_response_rate = 240;
  /// How long a client may read nothing of a response that waits to be sent.
  Duration write_timeout = std::chrono::seconds(60);
};

/// HTTP/1.1 and 1.0 beside HTTP/2 on the ports of a server: requests go to its rpc::HttpHandlers,
/// as those of HTTP/2 that are not gRPC's do. With TLS it is chosen by ALPN ("http/1.1") too.
///
///     server.add(http1::protocol());
std::shared_ptr<rpc::WireProtocol> protocol(ProtocolOptions options = {});

}  // namespace weft::http1
