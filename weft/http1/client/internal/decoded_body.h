#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "weft/base/bytes.h"
#include "weft/base/result.h"
#include "weft/codec/compression.h"
#include "weft/codec/decompressor.h"
#include "weft/coro/task.h"
#include "weft/http1/client/internal/exchange.h"
#include "weft/http1/client/response.h"

namespace weft::http1 {

/// The body of a response, decoded as it comes by its content-encoding (RFC 9110 section 8.4). It
/// holds one part of the encoded body, what the encoding needs, and one decoded part.
class DecodedBody {
 public:
  /// Takes it as the server encoded it.
  explicit DecodedBody(std::unique_ptr<Exchange> exchange) noexcept;
  DecodedBody(DecodedBody&&) noexcept = default;
  DecodedBody& operator=(DecodedBody&&) noexcept = default;

  /// Decodes what is read from here on, and removes the fields that describe the encoded body.
  /// UNIMPLEMENTED: encoded more than once, or by an encoding that was not accepted.
  Status decode(ResponseInfo& info, const CompressionSet& accepted);
  /// The next part; empty at the end. INTERNAL where the encoded body is broken.
  Task<Result<Bytes>> read();
  Exchange& exchange() const noexcept { return *exchange_; }

 private:
  Result<Bytes> decode_part();
  Status failed(const Status& why);

  std::unique_ptr<Exchange> exchange_;
  std::optional<codec::Decompressor> decompressor_;
  Bytes encoded_;
  std::size_t at_ = 0;       // of encoded_, the first byte that is not decoded
  std::size_t at_once_ = 0;  // bytes that were decoded without a wait
};

}  // namespace weft::http1
