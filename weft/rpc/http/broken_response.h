#pragma once

#include <exception>
#include <utility>

#include "weft/base/status.h"

namespace weft::rpc {

/// Thrown by an HttpHandler's task whose response has begun and cannot be completed: the exchange
/// breaks off, so that the client does not take what has come for whole. The status is logged; the
/// client sees none of it. Where the response has not begun, the answer is 500.
class BrokenResponse final : public std::exception {
 public:
  explicit BrokenResponse(Status status) noexcept : status_(std::move(status)) {}
  const char* what() const noexcept override { return "the response cannot be completed"; }
  const Status& status() const noexcept { return status_; }

 private:
  Status status_;
};

}  // namespace weft::rpc
