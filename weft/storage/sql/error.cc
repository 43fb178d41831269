#include "weft/storage/sql/error.h"

#include <array>
#include <cstdint>
#include <span>
#include <utility>

#include "weft/base/result.h"
#include "weft/rpc/grpc/google_status.h"
#include "weft/rpc/grpc/protobuf_fields.h"

namespace weft::sql {
namespace {

struct Mapping {
  std::string_view sqlstate;  // or its first two characters, the class
  StatusCode code;
};

// The first that fits counts, so single codes stand before their class.
// docs/reference/sql-errors.md explains the choices.
constexpr std::array kMappings{
    Mapping{"08007", StatusCode::Unknown},  // the transaction's outcome is not known
    Mapping{"08", StatusCode::Unavailable},         Mapping{"0A", StatusCode::Unimplemented},
    Mapping{"22003", StatusCode::OutOfRange},       Mapping{"22", StatusCode::InvalidArgument},
    Mapping{"23505", StatusCode::AlreadyExists},    Mapping{"23502", StatusCode::InvalidArgument},
    Mapping{"23514", StatusCode::InvalidArgument},  Mapping{"23", StatusCode::FailedPrecondition},
    Mapping{"25", StatusCode::FailedPrecondition},  Mapping{"28", StatusCode::FailedPrecondition},
    Mapping{"40003", StatusCode::Unknown},          Mapping{"40", StatusCode::Aborted},
    Mapping{"42501", StatusCode::PermissionDenied}, Mapping{"53", StatusCode::ResourceExhausted},
    Mapping{"54", StatusCode::ResourceExhausted},   Mapping{"55P03", StatusCode::Aborted},
    Mapping{"55", StatusCode::FailedPrecondition},  Mapping{"57014", StatusCode::Cancelled},
    Mapping{"57", StatusCode::Unavailable},         Mapping{"58", StatusCode::Unavailable},
    Mapping{"XX001", StatusCode::DataLoss},         Mapping{"XX002", StatusCode::DataLoss},
};

constexpr std::string_view kErrorInfo = "type.googleapis.com/google.rpc.ErrorInfo";

// google.rpc.ErrorInfo { string reason = 1; string domain = 2; map<string, string> metadata = 3; },
// by hand as GoogleStatus is: a generated class would clash with the one of googleapis.

void write_metadata(std::string_view key, std::string_view value, std::string& out) {
  if (value.empty()) return;
  std::string entry;
  rpc::write_delimited(1, key, entry);
  rpc::write_delimited(2, value, entry);
  rpc::write_delimited(3, entry, out);
}

/// Calls `take` with the number and content of each field that has a length, up to bytes that are
/// none.
template <class Take>
void for_each_delimited(std::string_view bytes, Take take) {
  rpc::Field field;
  for (rpc::FieldReader reader(bytes); !reader.at_end() && reader.next(field);) {
    if (field.wire == rpc::Wire::Delimited) take(field.number, field.delimited);
  }
}

void read_metadata(std::string_view entry, ErrorDetail& into) {
  std::string_view key;
  std::string_view value;
  for_each_delimited(entry, [&](std::uint64_t number, std::string_view content) {
    if (number == 1) key = content;
    if (number == 2) value = content;
  });
  if (key == "native") into.native = value;
  if (key == "constraint") into.constraint = value;
  if (key == "position") into.position = value;
}

ErrorDetail read_error_info(std::string_view bytes) {
  ErrorDetail detail;
  for_each_delimited(bytes, [&](std::uint64_t number, std::string_view content) {
    if (number == 1) detail.sqlstate = content;
    if (number == 2) detail.database = content;
    if (number == 3) read_metadata(content, detail);
  });
  return detail;
}

}  // namespace

StatusCode code_of_sqlstate(std::string_view sqlstate) noexcept {
  for (const Mapping& mapping : kMappings) {
    if (sqlstate.starts_with(mapping.sqlstate)) return mapping.code;
  }
  return StatusCode::Internal;
}

Status error_status(const ErrorDetail& detail, std::string_view message, Origin origin) {
  std::string info;
  rpc::write_delimited(1, detail.sqlstate, info);
  rpc::write_delimited(2, detail.database, info);
  write_metadata("native", detail.native, info);
  write_metadata("constraint", detail.constraint, info);
  write_metadata("position", detail.position, info);
  const StatusCode code = code_of_sqlstate(detail.sqlstate);
  const std::array details{StatusDetail{.type_url = kErrorInfo, .value = info}};
  return Status(code, message, origin).with_details(write_google_status(code, message, details));
}

std::optional<ErrorDetail> error_detail(const Status& status) {
  if (status.details().empty()) return std::nullopt;
  const Result<GoogleStatus> whole = read_google_status(status.details());
  if (!whole.ok()) return std::nullopt;
  for (const StatusDetail& one : whole->details) {
    if (one.type_url != kErrorInfo) continue;
    ErrorDetail detail = read_error_info(one.value);
    if (detail.sqlstate.size() == 5) return detail;
  }
  return std::nullopt;
}

bool may_be_repeated(const Status& status) {
  if (status.code() != StatusCode::Aborted) return false;
  const std::optional<ErrorDetail> detail = error_detail(status);
  return detail && (detail->sqlstate == "40001" || detail->sqlstate == "40P01");
}

}  // namespace weft::sql
