#include "weft/storage/redis/error.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "weft/base/result.h"
#include "weft/base/text/ascii.h"
#include "weft/base/text/printable.h"
#include "weft/base/text/text_cut.h"
#include "weft/rpc/grpc/google_status.h"
#include "weft/rpc/grpc/protobuf_fields.h"
#include "weft/storage/redis/reading.h"

namespace weft::redis {
namespace {

struct Mapping {
  std::string_view begins;  // whole words of the error's text
  StatusCode code;
};

// The first that fits counts. docs/reference/redis-errors.md explains the choices.
constexpr std::array kMappings{
    Mapping{"ERR unknown command", StatusCode::Unimplemented},
    Mapping{"ERR unknown subcommand", StatusCode::Unimplemented},
    Mapping{"ERR max number of clients", StatusCode::ResourceExhausted},
    Mapping{"ERR index out of range", StatusCode::OutOfRange},
    Mapping{"ERR no such key", StatusCode::NotFound},
    Mapping{"ERR AUTH", StatusCode::FailedPrecondition},
    Mapping{"ERR", StatusCode::InvalidArgument},
    Mapping{"WRONGTYPE", StatusCode::FailedPrecondition},
    Mapping{"NOAUTH", StatusCode::FailedPrecondition},
    Mapping{"WRONGPASS", StatusCode::FailedPrecondition},
    Mapping{"NOPERM", StatusCode::PermissionDenied},
    Mapping{"DENIED", StatusCode::PermissionDenied},
    Mapping{"LOADING", StatusCode::Unavailable},
    Mapping{"BUSY", StatusCode::Unavailable},
    Mapping{"BUSYKEY", StatusCode::AlreadyExists},
    Mapping{"BUSYGROUP", StatusCode::AlreadyExists},
    Mapping{"READONLY", StatusCode::Unavailable},
    Mapping{"MASTERDOWN", StatusCode::Unavailable},
    Mapping{"CLUSTERDOWN", StatusCode::Unavailable},
    Mapping{"TRYAGAIN", StatusCode::Unavailable},
    Mapping{"NOREPLICAS", StatusCode::Unavailable},
    Mapping{"MISCONF", StatusCode::Unavailable},
    Mapping{"IOERR", StatusCode::Unavailable},
    Mapping{"OOM", StatusCode::ResourceExhausted},
    Mapping{"NOSCRIPT", StatusCode::NotFound},
    Mapping{"NOGROUP", StatusCode::NotFound},
    Mapping{"EXECABORT", StatusCode::FailedPrecondition},
    Mapping{"MOVED", StatusCode::FailedPrecondition},
    Mapping{"ASK", StatusCode::FailedPrecondition},
    Mapping{"CROSSSLOT", StatusCode::InvalidArgument},
    Mapping{"NOPROTO", StatusCode::Unimplemented},
    Mapping{"UNBLOCKED", StatusCode::Aborted},
    Mapping{"NOTBUSY", StatusCode::FailedPrecondition},
    Mapping{"UNKILLABLE", StatusCode::FailedPrecondition},
};

bool fits(const Mapping& mapping, std::string_view text) noexcept {
  if (!text.starts_with(mapping.begins)) return false;
  text.remove_prefix(mapping.begins.size());
  return text.empty() || text.front() == ' ' || text.front() == ',';
}

constexpr std::string_view kErrorInfo = "type.googleapis.com/google.rpc.ErrorInfo";
constexpr std::string_view kDomain = "redis";
/// What of an error's text a message repeats.
constexpr std::size_t kMostText = 512;

/// The first word, where it looks like a code; scripts send other texts.
std::string_view code_in(std::string_view text) noexcept {
  const std::string_view word = text.substr(0, text.find(' '));
  const bool is_code =
      !word.empty() && word.size() <= 32 && std::all_of(word.begin(), word.end(), [](char c) {
        return ascii::is_upper(c) || ascii::is_digit(c) || c == '-' || c == '_';
      });
  return is_code ? word : std::string_view("ERR");
}

// google.rpc.ErrorInfo { string reason = 1; string domain = 2; }, by hand as GoogleStatus is: a
// generated class would clash with the one of googleapis.
Status with_code(StatusCode status, std::string_view code, std::string_view message,
                 Origin origin) {
  std::string info;
  rpc::write_delimited(1, code, info);
  rpc::write_delimited(2, kDomain, info);
  const std::array details{StatusDetail{.type_url = kErrorInfo, .value = info}};
  return Status(status, message, origin)
      .with_details(write_google_status(status, message, details));
}

}  // namespace

StatusCode code_of_error(std::string_view text) noexcept {
  for (const Mapping& mapping : kMappings) {
    if (fits(mapping, text)) return mapping.code;
  }
  return StatusCode::Unknown;
}

Status error_status(std::string_view text) {
  return with_code(code_of_error(text), code_in(text), printable(cut_text(text, kMostText)),
                   Origin::Peer);
}

Status outcome_unknown(std::string_view message) {
  return with_code(StatusCode::Unknown, kOutcomeUnknown, message, Origin::Transport);
}

std::optional<std::string> error_code(const Status& status) {
  if (status.details().empty()) return std::nullopt;
  const Result<GoogleStatus> whole = read_google_status(status.details());
  if (!whole.ok()) return std::nullopt;
  for (const StatusDetail& one : whole->details) {
    if (one.type_url != kErrorInfo) continue;
    std::string_view reason;
    std::string_view domain;
    rpc::Field field;
    for (rpc::FieldReader reader(one.value); !reader.at_end() && reader.next(field);) {
      if (field.wire != rpc::Wire::Delimited) continue;
      if (field.number == 1) reason = field.delimited;
      if (field.number == 2) domain = field.delimited;
    }
    if (domain == kDomain) return std::string(reason);
  }
  return std::nullopt;
}

Status no_reading(const ValueView& value, std::string_view wanted) {
  if (value.type() == Type::Error) return error_status(value.text());
  return internal_error("the reply is " + description_of(value) + ", which is not " +
                        std::string(wanted));
}

}  // namespace weft::redis
