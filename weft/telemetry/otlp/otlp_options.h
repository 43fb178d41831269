#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "weft/base/status.h"
#include "weft/base/time.h"
#include "weft/codec/compression.h"
#include "weft/net/tls/tls.h"

namespace weft::telemetry {

/// How OTLP is carried.
enum class OtlpProtocol : std::uint8_t {
  HttpProtobuf,  ///< POST of protobuf, by HTTP/1.1
  Grpc,
};

/// Where spans are exported to, and how.
struct OtlpOptions {
  OtlpProtocol protocol = OtlpProtocol::HttpProtobuf;
  /// HTTP: the URL that spans are posted to. gRPC: `http://host:port`, or `https://` for TLS.
  /// Empty: "http://localhost:4318/v1/traces" or "http://localhost:4317".
  std::string endpoint{};
  /// Sent with each request: credentials, usually.
  std::vector<std::pair<std::string, std::string>> headers{};
  /// Of a request. 1 ms at least.
  Duration timeout = std::chrono::seconds(10);
  /// Identity or Gzip.
  Compression compression = Compression::Identity;
  /// For https.
  net::TlsClientOptions tls{};

  /// How long spans wait at most before they are sent.
  Duration interval = std::chrono::seconds(5);
  /// Spans and bytes of a request, at most; a span that is larger goes alone.
  std::size_t batch_spans = 512;
  std::size_t batch_bytes = std::size_t{1} * 1024 * 1024;
  /// How often a request is sent, where the collector says that it may be sent again.
  unsigned max_attempts = 5;

  /// INVALID_ARGUMENT naming the option, its value and the limit.
  Status valid() const;
};

}  // namespace weft::telemetry
