#include "weft/http1/client/response_stream.h"

#include <utility>

#include "weft/http1/client/internal/decoded_body.h"

namespace weft::http1 {

ResponseStream::ResponseStream(ResponseInfo info, std::unique_ptr<DecodedBody> body) noexcept
    : info_(std::move(info)), body_(std::move(body)) {}
ResponseStream::ResponseStream(ResponseStream&&) noexcept = default;
ResponseStream& ResponseStream::operator=(ResponseStream&&) noexcept = default;
ResponseStream::~ResponseStream() = default;

Task<Result<Bytes>> ResponseStream::read() { return body_->read(); }
const Fields& ResponseStream::trailers() const noexcept { return body_->exchange().trailers(); }

}  // namespace weft::http1
