#include "weft/rpc/grpc/google_status.h"

#include <algorithm>
#include <utility>

#include <google/protobuf/message_lite.h>

#include "weft/codec/protobuf.h"
#include "weft/rpc/grpc/protobuf_fields.h"

namespace weft {

namespace {

using rpc::Field;
using rpc::FieldReader;
using rpc::Wire;
using rpc::write_delimited;
using rpc::write_varint;

Status malformed(std::string_view what, std::size_t position, std::size_t size) {
  return invalid_argument("bytes are not a " + std::string(what) + ": broken at " +
                          std::to_string(position) + " of " + std::to_string(size));
}

Result<StatusDetail> read_any(std::string_view bytes) {
  StatusDetail detail;
  Field field;
  for (FieldReader reader(bytes); !reader.at_end();) {
    if (!reader.next(field)) {
      return malformed("google.protobuf.Any", reader.position(), bytes.size());
    }
    if (field.wire != Wire::Delimited) continue;
    if (field.number == 1) detail.type_url = field.delimited;
    if (field.number == 2) detail.value = field.delimited;
  }
  return detail;
}

void write_detail(const StatusDetail& detail, std::string& out) {
  std::string any;
  if (!detail.type_url.empty()) write_delimited(1, detail.type_url, any);
  if (!detail.value.empty()) write_delimited(2, detail.value, any);
  write_delimited(3, any, out);
}

/// "pkg.Type" of "type.googleapis.com/pkg.Type".
std::string_view type_of(std::string_view type_url) noexcept {
  return type_url.substr(type_url.rfind('/') + 1);
}

/// `status` with one more detail.
Status with_raw_detail(const Status& status, const StatusDetail& detail) {
  std::string bytes(status.details());
  if (bytes.empty()) bytes = write_google_status(status.code(), status.message(), {});
  // A repeated field grows by appending to the serialised message.
  write_detail(detail, bytes);
  return status.with_details(bytes);
}

constexpr std::string_view kRetryInfo = "google.rpc.RetryInfo";
constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;

/// google.protobuf.Duration: int64 seconds = 1, int32 nanos = 2. Nothing where it is negative or
/// more than a Duration holds.
std::optional<Duration> read_duration(std::string_view bytes) {
  std::uint64_t seconds = 0;
  std::uint64_t nanoseconds = 0;
  Field field;
  for (FieldReader reader(bytes); !reader.at_end();) {
    if (!reader.next(field)) return std::nullopt;
    if (field.wire != Wire::Varint) continue;
    if (field.number == 1) seconds = field.varint;
    if (field.number == 2) nanoseconds = field.varint;
  }
  constexpr auto kMostSeconds =
      static_cast<std::uint64_t>(kForever.count() / kNanosecondsPerSecond);
  if (seconds >= kMostSeconds || nanoseconds >= kNanosecondsPerSecond) return std::nullopt;
  return std::chrono::seconds(seconds) + Duration(nanoseconds);
}

/// google.rpc.RetryInfo: google.protobuf.Duration retry_delay = 1.
std::optional<Duration> read_retry_info(std::string_view bytes) {
  Field field;
  for (FieldReader reader(bytes); !reader.at_end();) {
    if (!reader.next(field)) return std::nullopt;
    if (field.number == 1 && field.wire == Wire::Delimited) return read_duration(field.delimited);
  }
  return Duration::zero();
}

}  // namespace

Status with_retry_delay(const Status& status, Duration delay) {
  if (status.ok()) return status;
  const std::int64_t nanoseconds = std::max<std::int64_t>(delay.count(), 0);
  std::string duration;
  const auto write_field = [&duration](std::uint32_t number, std::int64_t value) {
    if (value == 0) return;
    write_varint(number << 3 | static_cast<std::uint32_t>(Wire::Varint), duration);
    write_varint(static_cast<std::uint64_t>(value), duration);
  };
  write_field(1, nanoseconds / kNanosecondsPerSecond);
  write_field(2, nanoseconds % kNanosecondsPerSecond);
  std::string info;
  write_delimited(1, duration, info);
  const std::string type_url = std::string("type.googleapis.com/").append(kRetryInfo);
  return with_raw_detail(status, {.type_url = type_url, .value = info});
}

std::optional<Duration> retry_delay(const Status& status) {
  const Result<GoogleStatus> read = read_google_status(status.details());
  if (!read.ok()) return std::nullopt;
  for (const StatusDetail& detail : read->details) {
    if (type_of(detail.type_url) == kRetryInfo) return read_retry_info(detail.value);
  }
  return std::nullopt;
}

Result<GoogleStatus> read_google_status(std::string_view bytes) {
  GoogleStatus status;
  Field field;
  for (FieldReader reader(bytes); !reader.at_end();) {
    if (!reader.next(field)) return malformed("google.rpc.Status", reader.position(), bytes.size());
    if (field.number == 1 && field.wire == Wire::Varint) {
      status.code = static_cast<std::int32_t>(field.varint);
    } else if (field.number == 2 && field.wire == Wire::Delimited) {
      status.message = field.delimited;
    } else if (field.number == 3 && field.wire == Wire::Delimited) {
      Result<StatusDetail> detail = read_any(field.delimited);
      if (!detail.ok()) return detail.status();
      status.details.push_back(*detail);
    }
  }
  return status;
}

std::string write_google_status(StatusCode code, std::string_view message,
                                std::span<const StatusDetail> details) {
  std::string out;
  if (code != StatusCode::Ok) {
    write_varint(1 << 3 | static_cast<std::uint32_t>(Wire::Varint), out);
    write_varint(static_cast<std::uint64_t>(code), out);
  }
  if (!message.empty()) write_delimited(2, message, out);
  for (const StatusDetail& detail : details) write_detail(detail, out);
  return out;
}

Status with_detail(const Status& status, const google::protobuf::MessageLite& detail) {
  if (status.ok()) return status;
  const std::string type_url = "type.googleapis.com/" + detail.GetTypeName();
  const Result<Bytes> value = codec::encode(detail);
  // The response's headers take a few KiB of details.
  if (!value.ok()) return status;
  return with_raw_detail(status, {.type_url = type_url, .value = value->view()});
}

bool find_detail(const Status& status, google::protobuf::MessageLite& into) {
  const Result<GoogleStatus> read = read_google_status(status.details());
  if (!read.ok()) return false;
  const std::string type = into.GetTypeName();
  for (const StatusDetail& detail : read->details) {
    if (type_of(detail.type_url) != type) continue;
    return codec::parse(Bytes::of_static(detail.value), into).ok();
  }
  return false;
}

}  // namespace weft
