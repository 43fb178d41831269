#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/result.h"
#include "weft/base/status.h"
#include "weft/base/time.h"

namespace google::protobuf {
class MessageLite;
}

namespace weft {

/// One typed detail of an error: a google.protobuf.Any.
struct StatusDetail {
  /// "type.googleapis.com/google.rpc.RetryInfo"; what follows the last slash names the type.
  std::string_view type_url;
  std::string_view value;
};

/// A google.rpc.Status, as Status::details() holds it serialised and `grpc-status-details-bin`
/// carries it. Read and written by hand: a generated class of that name would clash with the one of
/// googleapis, which many programs link.
///
///     message Status { int32 code = 1; string message = 2; repeated google.protobuf.Any details =
///     3; } message Any { string type_url = 1; bytes value = 2; }
struct GoogleStatus {
  std::int32_t code = 0;
  std::string_view message;
  std::vector<StatusDetail> details;
};

/// The views point into `bytes`. Unknown fields are passed over; INVALID_ARGUMENT naming the
/// position where the bytes are no such message.
Result<GoogleStatus> read_google_status(std::string_view bytes);

std::string write_google_status(StatusCode code, std::string_view message,
                                std::span<const StatusDetail> details);

/// `status` with `detail` after its other details. OK carries none and is returned unchanged. Give
/// the status its final message first: the details hold a copy of it.
Status with_detail(const Status& status, const google::protobuf::MessageLite& detail);

/// Parses the first detail of the type of `into`; false when there is none or it does not parse.
bool find_detail(const Status& status, google::protobuf::MessageLite& into);

/// As with_detail() with a google.rpc.RetryInfo: when the caller may try again, at the earliest.
/// Written by hand, as GoogleStatus is.
Status with_retry_delay(const Status& status, Duration delay);
/// What a google.rpc.RetryInfo among the details says; nothing where there is none.
std::optional<Duration> retry_delay(const Status& status);

/// The first detail of that type: `detail<google::rpc::RetryInfo>(status)`.
template <class T>
std::optional<T> detail(const Status& status) {
  T found;
  if (!find_detail(status, found)) return std::nullopt;
  return found;
}

}  // namespace weft
