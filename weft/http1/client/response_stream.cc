#include "weft/http1/client/response_stream.h"

#include <utility>

#include "weft/http1/client/internal/exchange.h"

namespace weft::http1 {

ResponseStream::ResponseStream(ResponseInfo info, std::unique_ptr<Exchange> exchange) noexcept
    : info_(std::move(info)), exchange_(std::move(exchange)) {}
ResponseStream::ResponseStream(ResponseStream&&) noexcept = default;
ResponseStream& ResponseStream::operator=(ResponseStream&&) noexcept = default;
ResponseStream::~ResponseStream() = default;

Task<Result<Bytes>> ResponseStream::read() { return exchange_->read(); }
const Fields& ResponseStream::trailers() const noexcept { return exchange_->trailers(); }

}  // namespace weft::http1
