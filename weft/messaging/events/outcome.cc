#include "weft/messaging/events/outcome.h"

namespace weft::messaging {

Outcome outcome_of(StatusCode code) noexcept {
  switch (code) {
    case StatusCode::Ok:
      return Outcome::Acknowledge;
    case StatusCode::InvalidArgument:
    case StatusCode::NotFound:
    case StatusCode::AlreadyExists:
    case StatusCode::PermissionDenied:
    case StatusCode::FailedPrecondition:
    case StatusCode::OutOfRange:
    case StatusCode::Unimplemented:
    case StatusCode::DataLoss:
      return Outcome::DeadLetter;
    default:
      return Outcome::Retry;
  }
}

}  // namespace weft::messaging
