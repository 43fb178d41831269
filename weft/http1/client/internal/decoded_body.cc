#include "weft/http1/client/internal/decoded_body.h"

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "weft/base/log/log_value.h"
#include "weft/base/text/ascii.h"
#include "weft/net/loop/loop.h"
#include "weft/net/loop/wait.h"

namespace weft::http1 {
namespace {

// A decoded part. A few bytes of an encoded one do not take as much.
constexpr std::size_t kLargestPart = std::size_t{64} * 1024 - 64;
constexpr std::size_t kSmallestPart = 1024;
constexpr std::size_t kUsualRatio = 4;
// After so much without a wait others have their turn: 150 bytes may become megabytes.
constexpr std::size_t kBytesOfATurn = std::size_t{256} * 1024;

}  // namespace

DecodedBody::DecodedBody(std::unique_ptr<Exchange> exchange) noexcept
    : exchange_(std::move(exchange)) {}

Status DecodedBody::decode(ResponseInfo& info, const CompressionSet& accepted) {
  std::string name = ascii::lower(info.fields.joined("content-encoding"));
  if (name.empty() || name == "identity" || exchange_->at_end()) return {};
  if (name == "x-gzip") name = "gzip";  // RFC 9110 section 8.4.1.3
  Compression coding = Compression::Identity;
  if (!compression_of(name, coding) || !accepted.contains(coding)) {
    return Status(StatusCode::Unimplemented,
                  "the body has the content-encoding " + log_value(name) + ", and accepted are " +
                      std::string(accepted.names()) + " (ClientOptions::accepted_compressions)",
                  Origin::Transport);
  }
  decompressor_.emplace(coding);
  info.fields.remove("content-encoding");
  info.fields.remove("content-length");
  return {};
}

Task<Result<Bytes>> DecodedBody::read() {
  if (!decompressor_) co_return co_await exchange_->read();
  if (at_once_ >= kBytesOfATurn) {
    at_once_ = 0;
    net::Loop& loop = *net::Loop::current();
    net::Wait turn(loop, loop.now());
    Status waited = co_await turn;
    if (!waited.ok()) co_return waited;
  }
  for (;;) {
    Result<Bytes> part = decode_part();
    if (!part.ok() || !part->empty()) co_return part;
    Result<Bytes> encoded = co_await exchange_->read();
    if (!encoded.ok()) co_return encoded;
    if (encoded->empty()) {
      const Status end = decompressor_->end();
      if (!end.ok()) co_return failed(end);
      co_return Bytes();
    }
    encoded_ = *std::move(encoded);
    at_ = 0;
  }
}

/// Empty where more of the encoded body is needed.
Result<Bytes> DecodedBody::decode_part() {
  std::string_view rest = encoded_.view().substr(at_);
  const std::size_t size = std::clamp(rest.size() * kUsualRatio, kSmallestPart, kLargestPart);
  ChunkRef block(Chunk::allocate(size));
  char* const data = block->data();
  Result<std::size_t> made = decompressor_->next(rest, std::span(data, size));
  at_ = encoded_.size() - rest.size();
  if (!made.ok()) return failed(made.status());
  at_once_ += *made;
  return *made == 0 ? Bytes() : Bytes(std::move(block), data, *made);
}

Status DecodedBody::failed(const Status& why) {
  return why.with_origin(Origin::Transport).with_prefix(exchange_->name());
}

}  // namespace weft::http1
