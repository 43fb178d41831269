#pragma once

#include <atomic>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>

namespace weft {

/// The sixteen gRPC status codes and OK; values are gRPC's (doc/statuscodes.md of the gRPC
/// project). An int, so that an unknown number is kept until a Status checks it.
enum class StatusCode : int {
  Ok = 0,
  Cancelled = 1,
  Unknown = 2,
  InvalidArgument = 3,
  DeadlineExceeded = 4,
  NotFound = 5,
  AlreadyExists = 6,
  PermissionDenied = 7,
  ResourceExhausted = 8,
  FailedPrecondition = 9,
  Aborted = 10,
  OutOfRange = 11,
  Unimplemented = 12,
  Internal = 13,
  Unavailable = 14,
  DataLoss = 15,
  Unauthenticated = 16,
};

/// The code's name as gRPC spells it: "DEADLINE_EXCEEDED".
std::string_view name_of(StatusCode code) noexcept;
/// The name, so that tests and logs show it: EXPECT_EQ(status.code(), StatusCode::Ok).
std::ostream& operator<<(std::ostream& out, StatusCode code);

/// Where a status comes from.
enum class Origin : std::uint8_t {
  Local,      ///< decided in this process: a limit, a deadline, a handler
  Peer,       ///< sent by the other side as the call's status
  Transport,  ///< derived from what happened to the connection or the stream
};
/// "local", "peer" or "transport".
std::ostream& operator<<(std::ostream& out, Origin origin);

/// The outcome of an operation: OK, or a code with a message that names what was wrong.
///
/// An OK status is a null pointer; others share one immutable, reference-counted record, so a copy
/// is cheap and may be read from any thread.
class [[nodiscard]] Status {
 public:
  Status() noexcept = default;
  /// A number that is no code (a cast of 26 or -1) becomes UNKNOWN, and the message names it.
  Status(StatusCode code, std::string_view message, Origin origin = Origin::Local);
  Status(const Status& other) noexcept : rep_(other.rep_) { retain(); }
  Status(Status&& other) noexcept : rep_(std::exchange(other.rep_, nullptr)) {}
  Status& operator=(const Status& other) noexcept {
    Status copy(other);
    std::swap(rep_, copy.rep_);
    return *this;
  }
  Status& operator=(Status&& other) noexcept {
    std::swap(rep_, other.rep_);
    return *this;
  }
  ~Status() { release(); }

  bool ok() const noexcept { return rep_ == nullptr; }
  StatusCode code() const noexcept { return rep_ == nullptr ? StatusCode::Ok : rep_->code; }
  std::string_view message() const noexcept {
    return rep_ == nullptr ? std::string_view{} : std::string_view{rep_->message};
  }
  Origin origin() const noexcept { return rep_ == nullptr ? Origin::Local : rep_->origin; }

  /// Serialised google.rpc.Status as carried in `grpc-status-details-bin`; empty if there is none.
  std::string_view details() const noexcept {
    return rep_ == nullptr ? std::string_view{} : std::string_view{rep_->details};
  }
  Status with_details(std::string_view details) const;
  Status with_origin(Origin origin) const;
  /// The same status with `prefix: ` before its message, to name the operation.
  Status with_prefix(std::string_view prefix) const;

  /// "DEADLINE_EXCEEDED: the call took longer than 50ms".
  std::string to_string() const;

  /// Compares code and message.
  friend bool operator==(const Status& a, const Status& b) noexcept {
    return a.code() == b.code() && a.message() == b.message();
  }

 private:
  struct Rep {
    std::atomic<std::uint32_t> references{1};
    StatusCode code;
    Origin origin;
    std::string message;
    std::string details;
  };
  Status(const Rep& from, Origin origin, std::string message, std::string_view details);
  void retain() const noexcept {
    if (rep_ != nullptr) rep_->references.fetch_add(1, std::memory_order_relaxed);
  }
  void release() noexcept {
    if (rep_ != nullptr) release(rep_);
  }
  // Not inline: statuses are destroyed everywhere, and nearly all of them are OK.
  static void release(Rep* rep) noexcept;

  Rep* rep_ = nullptr;
};

/// As to_string().
std::ostream& operator<<(std::ostream& out, const Status& status);

inline Status ok_status() noexcept { return {}; }
// Cold: code that leads to one of these is compiled for size, apart from the usual path.
[[gnu::cold]] Status cancelled(std::string_view message);
[[gnu::cold]] Status unknown_error(std::string_view message);
[[gnu::cold]] Status invalid_argument(std::string_view message);
[[gnu::cold]] Status deadline_exceeded(std::string_view message);
[[gnu::cold]] Status not_found(std::string_view message);
[[gnu::cold]] Status already_exists(std::string_view message);
[[gnu::cold]] Status permission_denied(std::string_view message);
[[gnu::cold]] Status resource_exhausted(std::string_view message);
[[gnu::cold]] Status failed_precondition(std::string_view message);
[[gnu::cold]] Status aborted(std::string_view message);
[[gnu::cold]] Status out_of_range(std::string_view message);
[[gnu::cold]] Status unimplemented(std::string_view message);
[[gnu::cold]] Status internal_error(std::string_view message);
[[gnu::cold]] Status unavailable(std::string_view message);
[[gnu::cold]] Status data_loss(std::string_view message);
[[gnu::cold]] Status unauthenticated(std::string_view message);

}  // namespace weft
