#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/rpc/call/service.h"
#include "weft/security/authorization_policy.h"

namespace weft {

struct AuditOptions {
  /// The file that records are added to; it is made with mode 0600. Empty: `to_log` has to be set.
  std::string file{};
  /// At least 32 bytes, which whoever could change the file must not be able to read. With it the
  /// records are chained by HMAC-SHA-256, without it by SHA-256, which shows changes only beside a
  /// hash that is kept elsewhere (AuditStats::head).
  std::string key_file{};
  /// Records go to the log, too: component "security.audit", level info. A level above loses them.
  bool to_log = false;

  enum class Calls : std::uint8_t {
    Decided,           ///< those that on_decision() was told of
    DecidedOrRefused,  ///< and those that end with UNAUTHENTICATED or PERMISSION_DENIED
    All,
  };
  Calls calls = Calls::DecidedOrRefused;

  enum class WhenFull : std::uint8_t {
    CountLost,
    /// Calls get UNAVAILABLE while the file cannot be written, and where `most_waiting` calls and
    /// records are under way, so that no record of a call that was served is lost while the process
    /// lives.
    RefuseCalls,
  };
  WhenFull when_full = WhenFull::CountLost;
  /// Records that wait for the disk. One takes some 500 bytes, and 12 KiB at most.
  std::size_t most_waiting = 10'000;
  /// How long a destroyed Audit waits until its records are written.
  Duration at_end = std::chrono::seconds(2);

  /// INVALID_ARGUMENT naming the option.
  Status valid() const;
};

struct AuditStats {
  std::uint64_t written = 0;  ///< records in the file
  std::uint64_t waiting = 0;
  std::uint64_t lost = 0;     ///< records that found no room
  std::uint64_t refused = 0;  ///< calls
  /// "312:5f2c…": the number and the hash of the last record, for `weft audit verify --expect`.
  /// Kept where the file's writers have no say, it shows that nothing before it was changed or
  /// removed.
  std::string head{};
};

/// Who called what, with which outcome, and why it was refused: a line of JSON for each call, in a
/// file whose lines are chained by hashes, so that a change shows (`weft audit verify`).
///
///     auto audit = weft::Audit::open({.file = "/var/log/orders/audit.jsonl"});
///     if (!audit.ok()) return audit.status();
///     weft::Authorization authorization({.on_decision = audit->on_decision()});
///     server.use(audit->middleware());          // in front of authentication()
///     server.use(weft::authentication(…));
///     server.use(authorization.middleware());
///
/// A thread of its own writes and syncs; calls do not wait for it. Copies share the file, which is
/// closed with the last of them and of the middlewares. A child of fork() writes nothing: its
/// records are lost, or its calls refused.
class Audit {
 public:
  /// INVALID_ARGUMENT naming the option; FAILED_PRECONDITION with the path where the file cannot be
  /// opened, another process writes it, or what it has is no record of this or an older version.
  static Result<Audit> open(AuditOptions options);

  Middleware middleware() const;
  /// For AuthorizationOptions: the decision is part of the call's record. Calls that do not come
  /// through middleware() are not recorded.
  std::function<void(const Call&, const security::AuthorizationDecision&)> on_decision() const;

  /// OK, or why the file could not be written the last time. From any thread, as what follows.
  Status health() const;
  AuditStats stats() const;
  /// Blocks until what was recorded before is in the file and synced; false after `longest`.
  bool flush(Duration longest) const;

 private:
  class Impl;
  explicit Audit(std::shared_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
  std::shared_ptr<Impl> impl_;
};

}  // namespace weft
