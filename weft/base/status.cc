#include "weft/base/status.h"

#include <array>
#include <ostream>

namespace weft {
namespace {

constexpr std::array<std::string_view, 17> kNames = {
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
};

bool is_code(StatusCode code) noexcept { return static_cast<std::size_t>(code) < kNames.size(); }

[[gnu::cold]] std::string about_unknown(StatusCode code, std::string_view message) {
  std::string text = "status code " + std::to_string(static_cast<int>(code)) + ", which is none";
  if (!message.empty()) text.append(": ").append(message);
  return text;
}

}  // namespace

std::string_view name_of(StatusCode code) noexcept {
  return is_code(code) ? kNames[static_cast<std::size_t>(code)] : std::string_view{"UNKNOWN"};
}

std::ostream& operator<<(std::ostream& out, StatusCode code) {
  out << name_of(code);
  // Not one of gRPC's: then the name says less than the number.
  if (static_cast<std::size_t>(code) >= kNames.size()) out << ' ' << static_cast<int>(code);
  return out;
}

std::ostream& operator<<(std::ostream& out, Origin origin) {
  switch (origin) {
    case Origin::Local:
      return out << "local";
    case Origin::Peer:
      return out << "peer";
    case Origin::Transport:
      break;
  }
  return out << "transport";
}

std::ostream& operator<<(std::ostream& out, const Status& status) {
  return out << status.to_string();
}

Status::Status(StatusCode code, std::string_view message, Origin origin) {
  if (code == StatusCode::Ok) return;
  const bool known = is_code(code);
  rep_ = new Rep{.code = known ? code : StatusCode::Unknown,
                 .origin = origin,
                 .message = known ? std::string(message) : about_unknown(code, message),
                 .details = {}};
}

Status::Status(const Rep& from, Origin origin, std::string message, std::string_view details)
    : rep_(new Rep{.code = from.code,
                   .origin = origin,
                   .message = std::move(message),
                   .details = std::string(details)}) {}

void Status::release(Rep* rep) noexcept {
  if (rep->references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete rep;
}

Status Status::with_details(std::string_view details) const {
  return ok() ? Status() : Status(*rep_, rep_->origin, rep_->message, details);
}

Status Status::with_origin(Origin origin) const {
  return ok() ? Status() : Status(*rep_, origin, rep_->message, rep_->details);
}

Status Status::with_prefix(std::string_view prefix) const {
  if (ok()) return {};
  std::string message(prefix);
  message.append(": ").append(rep_->message);
  return Status(*rep_, rep_->origin, std::move(message), rep_->details);
}

std::string Status::to_string() const {
  std::string text(name_of(code()));
  if (!message().empty()) text.append(": ").append(message());
  return text;
}

#define WEFT_STATUS_FACTORY(function, code) \
  Status function(std::string_view message) { return Status(StatusCode::code, message); }
WEFT_STATUS_FACTORY(cancelled, Cancelled)
WEFT_STATUS_FACTORY(unknown_error, Unknown)
WEFT_STATUS_FACTORY(invalid_argument, InvalidArgument)
WEFT_STATUS_FACTORY(deadline_exceeded, DeadlineExceeded)
WEFT_STATUS_FACTORY(not_found, NotFound)
WEFT_STATUS_FACTORY(already_exists, AlreadyExists)
WEFT_STATUS_FACTORY(permission_denied, PermissionDenied)
WEFT_STATUS_FACTORY(resource_exhausted, ResourceExhausted)
WEFT_STATUS_FACTORY(failed_precondition, FailedPrecondition)
WEFT_STATUS_FACTORY(aborted, Aborted)
WEFT_STATUS_FACTORY(out_of_range, OutOfRange)
WEFT_STATUS_FACTORY(unimplemented, Unimplemented)
WEFT_STATUS_FACTORY(internal_error, Internal)
WEFT_STATUS_FACTORY(unavailable, Unavailable)
WEFT_STATUS_FACTORY(data_loss, DataLoss)
WEFT_STATUS_FACTORY(unauthenticated, Unauthenticated)
#undef WEFT_STATUS_FACTORY

}  // namespace weft
