#include "weft/telemetry/otlp/internal/export_answer.h"

#include <algorithm>

#include "weft/base/text/text_cut.h"
#include "weft/codec/schema/wire.h"
#include "weft/rpc/grpc/google_status.h"

namespace weft::telemetry::internal {
namespace {

using codec::WireReader;
using codec::WireType;

/// Export...PartialSuccess: rejected (1), error_message (2).
void read_partial(std::string_view body, ExportAnswer& answer) {
  WireReader in(body);
  std::uint32_t field = 0;
  WireType wire{};
  while (!in.at_end() && in.tag(field, wire)) {
    std::uint64_t number = 0;
    std::string_view text;
    if (field == 1 && wire == WireType::Varint) {
      if (!in.varint(number)) return;
      // A negative number means nothing.
      answer.rejected = number > INT64_MAX ? 0 : number;
    } else if (field == 2 && wire == WireType::Bytes) {
      if (!in.sized(text)) return;
      answer.reason = cut_text(text, 256);
    } else if (!in.skip(field, wire)) {
      return;
    }
  }
}

}  // namespace

ExportAnswer read_success(std::string_view body) {
  ExportAnswer answer;
  WireReader in(body);
  std::uint32_t field = 0;
  WireType wire{};
  while (!in.at_end() && in.tag(field, wire)) {
    std::string_view partial;
    if (field == 1 && wire == WireType::Bytes) {
      if (!in.sized(partial)) break;
      read_partial(partial, answer);
    } else if (!in.skip(field, wire)) {
      break;
    }
  }
  return answer;
}

ExportAnswer answer_of(const Status& status) {
  ExportAnswer answer{.kind = ExportAnswer::Kind::Refused, .reason = status.to_string()};
  switch (status.code()) {
    case StatusCode::Cancelled:
    case StatusCode::DeadlineExceeded:
    case StatusCode::Aborted:
    case StatusCode::OutOfRange:
    case StatusCode::Unavailable:
    case StatusCode::DataLoss:
      answer.kind = ExportAnswer::Kind::TryLater;
      answer.wait = retry_delay(status);
      break;
    case StatusCode::ResourceExhausted:
      // Only where the collector says that it recovers.
      answer.wait = retry_delay(status);
      if (answer.wait) answer.kind = ExportAnswer::Kind::TryLater;
      break;
    default:
      break;
  }
  return answer;
}

bool may_repeat(int http_status) noexcept {
  return http_status == 429 || http_status == 502 || http_status == 503 || http_status == 504;
}

}  // namespace weft::telemetry::internal
