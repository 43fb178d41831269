#include "weft/http1/client/internal/content_coding.h"

#include <string>
#include <utility>

#include "weft/base/ascii.h"
#include "weft/base/log_value.h"

namespace weft::http1 {

Status decode(Response& response, const CompressionSet& accepted, std::size_t limit) {
  std::string name = ascii::lower(response.fields.joined("content-encoding"));
  if (name.empty() || name == "identity" || response.body.empty()) return {};
  if (name == "x-gzip") name = "gzip";  // RFC 9110 section 8.4.1.3
  Compression coding = Compression::Identity;
  if (!compression_of(name, coding) || !accepted.contains(coding)) {
    return Status(StatusCode::Unimplemented,
                  "the body has the content-encoding " + log_value(name) + ", and accepted are " +
                      std::string(accepted.names()) + " (ClientOptions::accepted_compressions)",
                  Origin::Transport);
  }
  Result<Bytes> plain = codec::decompress(coding, response.body.view(), limit);
  if (!plain.ok()) return std::move(plain).status().with_origin(Origin::Transport);
  response.body = *std::move(plain);
  response.fields.remove("content-encoding");
  response.fields.remove("content-length");
  return {};
}

}  // namespace weft::http1
