#pragma once

#include <cstdint>
#include <optional>

#include "weft/base/bytes.h"
#include "weft/base/result.h"
#include "weft/coro/task.h"

namespace weft::http1 {

/// The body of a request, made while it is sent. Belongs to one request and its loop.
///
///     class Lines final : public http1::BodySource {
///       Task<Result<Bytes>> next() override { … }
///     };
class BodySource {
 public:
  virtual ~BodySource() = default;

  /// The next part; empty at the end. Asked again only when the part before it has been written, so
  /// a slow server slows the source. A status that is not OK ends the request with that status, and
  /// the connection with it. Runs beside the reading of the response, in a context with the
  /// request's deadline; destroyed where it stands when the response ends first.
  virtual Task<Result<Bytes>> next() = 0;
  /// How many bytes there will be, for Content-Length; else the body is sent in chunks. A source
  /// that gives another number ends the request with INVALID_ARGUMENT.
  virtual std::optional<std::uint64_t> size() const { return {}; }
  /// Begins again from the first part, to repeat the request or to follow a redirect. False: it
  /// cannot.
  virtual bool rewind() { return false; }
};

}  // namespace weft::http1
