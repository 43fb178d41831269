#pragma once

#include <memory>

#include "weft/base/bytes.h"
#include "weft/base/result.h"
#include "weft/coro/task.h"
#include "weft/http1/client/fields.h"
#include "weft/http1/client/response.h"

namespace weft::http1 {

class DecodedBody;

/// A response whose body is still to be read; the body of its request may still be under way.
/// Belongs to the loop on which it was opened. Destroyed before its end, it closes the connection.
class ResponseStream {
 public:
  explicit ResponseStream(ResponseInfo info, std::unique_ptr<DecodedBody> body) noexcept;
  ResponseStream(ResponseStream&&) noexcept;
  ResponseStream& operator=(ResponseStream&&) noexcept;
  ~ResponseStream();

  const ResponseInfo& info() const noexcept { return info_; }
  ResponseInfo& info() noexcept { return info_; }
  /// The next part of the body, decoded, of any size; empty at the end. Any other end than that of
  /// a whole body is a status. One read at a time; what is not read keeps the server from sending
  /// more.
  Task<Result<Bytes>> read();
  /// The fields behind a body in chunks; complete at the end of the body.
  const Fields& trailers() const noexcept;

 private:
  ResponseInfo info_;
  std::unique_ptr<DecodedBody> body_;
};

}  // namespace weft::http1
