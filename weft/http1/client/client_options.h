#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "weft/base/status.h"
#include "weft/base/time.h"
#include "weft/cluster/balancers/balancers.h"
#include "weft/codec/compression.h"
#include "weft/net/tls/tls.h"

namespace weft::http1 {

/// How a Client behaves. Limits hold on each loop by itself.
struct ClientOptions {
  /// Put before weft's own in `user-agent`. Visible ASCII and spaces.
  std::string user_agent{};  // {}: or GCC warns where a designated initialiser leaves it out
  /// TLS to https servers: trust, a certificate of the client's own. Its `alpn` is not used, and
  /// its `server_name` is what every server has to prove where it is set.
  net::TlsClientOptions tls{};
  /// "environment": what the variables https_proxy, http_proxy and no_proxy say. Else an HTTP
  /// proxy, "http://user:password@host:port", for everything; empty: none. As
  /// ChannelOptions::proxy.
  std::string proxy = "environment";

  /// Where the requests to a host go, by the host in the URL: a target of
  /// docs/reference/targets.md, such as "etcd://etcd:2379/services/greeter", in place of
  /// "dns:///host:port". No proxy is asked then. TLS still proves the URL's host.
  std::map<std::string, std::string> targets{};
  /// Which instance takes a request where there are several. Null: by the target, as for a channel.
  Balancing balancing{};

  /// For a connection with its tunnel and its TLS handshake.
  Duration connect_timeout = std::chrono::seconds(20);
  /// For all of a request that sets none: connecting, redirects, the whole response. Client::open()
  /// applies it until the response begins, and Request::timeout() to the end of the response.
  Duration timeout = std::chrono::seconds(60);
  /// From the end of the request to the end of the response's head.
  Duration response_timeout = std::chrono::seconds(30);
  /// For a server that takes nothing of the request, or sends nothing of the body.
  Duration stall_timeout = std::chrono::seconds(30);
  /// A connection without requests is closed after this long, at the latest a quarter later.
  Duration idle_timeout = std::chrono::seconds(60);

  /// Connections with a request, and idle ones, to each origin.
  std::size_t max_connections = 16;
  /// Requests that wait for a connection to an origin; one more fails with RESOURCE_EXHAUSTED.
  std::size_t max_waiting = 1024;
  /// Origins with a connection or a request. Beyond, the one that was idle longest is forgotten;
  /// where none is idle, the request fails with RESOURCE_EXHAUSTED.
  std::size_t max_origins = 256;

  /// What a response may have: bytes of the body that send() collects (after decoding), bytes of
  /// the head and of trailers, fields of each, interim (1xx) responses before it.
  std::size_t max_body = 4 * 1024 * 1024;
  std::size_t max_head = 64 * 1024;
  std::size_t max_fields = 128;
  unsigned max_interim = 16;

  /// How many redirects are followed; 0: none, and a 3xx is a response like any other.
  unsigned max_redirects = 0;
  /// Encodings that responses may have; they are decoded as they come.
  CompressionSet accepted_compressions{Compression::Gzip, Compression::Zstd};

  /// INVALID_ARGUMENT naming the option, its value and the limit.
  Status valid() const;
};

}  // namespace weft::http1
