#include "weft/telemetry/otlp/otlp_options.h"

#include "weft/base/text/ascii.h"
#include "weft/http1/client/url.h"
#include "weft/rpc/call/metadata.h"

namespace weft::telemetry {
namespace {

// The specification's bound of a request; what a receiver may refuse beyond.
constexpr std::size_t kMostBytes = std::size_t{64} * 1024 * 1024;

Status check_headers(const std::vector<std::pair<std::string, std::string>>& headers) {
  Metadata all;
  for (const auto& [name, value] : headers) all.add(ascii::lower(name), value);
  return all.validate().with_prefix("OtlpOptions::headers");
}

}  // namespace

Status OtlpOptions::valid() const {
  if (!endpoint.empty()) {
    const Result<http1::Url> url = http1::Url::parse(endpoint);
    if (!url.ok()) return url.status().with_prefix("OtlpOptions::endpoint");
  }
  if (timeout < std::chrono::milliseconds(1)) {
    return invalid_argument("OtlpOptions::timeout is " + to_string(timeout) + ", below 1ms");
  }
  if (interval < std::chrono::milliseconds(1)) {
    return invalid_argument("OtlpOptions::interval is " + to_string(interval) + ", below 1ms");
  }
  if (compression != Compression::Identity && compression != Compression::Gzip) {
    return invalid_argument("OtlpOptions::compression is " + std::string(name_of(compression)) +
                            ", not identity or gzip");
  }
  if (batch_items == 0 || batch_bytes == 0 || batch_bytes > kMostBytes || max_attempts == 0) {
    return invalid_argument(
        "OtlpOptions::batch_items, batch_bytes (at most 64 MiB) and max_attempts are at least 1");
  }
  return check_headers(headers);
}

}  // namespace weft::telemetry
