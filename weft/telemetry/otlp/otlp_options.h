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

/// What is exported.
enum class OtlpSignal : std::uint8_t { Traces, Metrics, Logs };
inline constexpr std::size_t kOtlpSignals = 3;

/// Where a signal is exported to, and how.
struct OtlpOptions {
  OtlpProtocol protocol = OtlpProtocol::HttpProtobuf;
  /// HTTP: the URL that is posted to. gRPC: `http://host:port`, or `https://` for TLS. Empty:
  /// "http://localhost:4318/v1/traces" ("v1/metrics", "v1/logs") or "http://localhost:4317".
  std::string endpoint{};
  /// Sent with each request: credentials, usually.
  std::vector<std::pair<std::string, std::string>> headers{};
  /// Of a request. 1 ms at least.
  Duration timeout = std::chrono::seconds(10);
  /// Identity or Gzip.
  Compression compression = Compression::Identity;
  /// For https.
  net::TlsClientOptions tls{};

  /// How long spans and log lines wait at most before they are sent; the time between two exports
  /// of metrics.
  Duration interval = std::chrono::seconds(5);
  /// Spans, points of metrics or log lines of a request, and its bytes, at most; one that is larger
  /// goes alone.
  std::size_t batch_items = 512;
  std::size_t batch_bytes = std::size_t{1} * 1024 * 1024;
  /// How often a request is sent, where the collector says that it may be sent again.
  unsigned max_attempts = 5;

  /// INVALID_ARGUMENT naming the option, its value and the limit.
  Status valid() const;
};

}  // namespace weft::telemetry
