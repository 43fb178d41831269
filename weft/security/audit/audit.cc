#include "weft/security/audit/audit.h"

#include <utility>

#include "weft/coro/frame/exception.h"
#include "weft/security/audit/internal/audit_file.h"
#include "weft/security/audit/internal/audit_record.h"
#include "weft/security/audit/internal/audit_trail.h"

namespace weft {

using security::AuthorizationDecision;
using security::internal::AuditedDecision;
using security::internal::AuditFile;
using security::internal::AuditHasher;
using security::internal::AuditNote;
using security::internal::AuditTrail;

Status AuditOptions::valid() const {
  if (file.empty() && !to_log) {
    return invalid_argument("AuditOptions: file is empty and to_log is false; one has to be set");
  }
  if (file.empty() && !key_file.empty()) {
    return invalid_argument("AuditOptions::key_file is set, and file is empty");
  }
  if (file.empty() && when_full == WhenFull::RefuseCalls) {
    return invalid_argument("AuditOptions::when_full is RefuseCalls, and file is empty");
  }
  if (most_waiting == 0) return invalid_argument("AuditOptions::most_waiting is 0");
  return {};
}

class Audit::Impl {
 public:
  Impl(AuditOptions options, std::unique_ptr<AuditTrail> trail)
      : options_(std::move(options)), trail_(std::move(trail)) {}

  AuditTrail* trail() const noexcept { return trail_.get(); }

  Task<Status> serve(Call& call, Next next) const {
    const Place place(trail_.get());
    if (!place.status().ok()) co_return place.status();
    const TimePoint begun = call.loop().now();
    call.attach(AuditNote());
    Recording recording(*this, place, call, begun);
    Status status;
    try {
      status = co_await next(call);
    } catch (...) {
      status = coro::status_of_current_exception(call.path());
    }
    recording.end(status);
    co_return status;
  }

 private:
  /// A call's place in the trail.
  class Place {
   public:
    explicit Place(AuditTrail* trail) : trail_(trail) {
      if (trail_ != nullptr) status_ = trail_->reserve();
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() {
      if (trail_ != nullptr && status_.ok() && !is_used_) trail_->give_back();
    }
    const Status& status() const noexcept { return status_; }
    void use(std::string members) const {
      if (trail_ == nullptr) return;
      is_used_ = true;
      trail_->add(std::move(members));
    }
    void lose() const noexcept {
      if (trail_ != nullptr && !std::exchange(is_used_, true)) trail_->lose();
    }

   private:
    AuditTrail* const trail_;
    Status status_;
    mutable bool is_used_ = false;
  };

  /// Records a call that ends, also where its coroutine is destroyed.
  class Recording {
   public:
    Recording(const Impl& audit, const Place& place, const Call& call, TimePoint begun) noexcept
        : audit_(audit), place_(place), call_(call), begun_(begun) {}
    Recording(const Recording&) = delete;
    Recording& operator=(const Recording&) = delete;
    ~Recording() {
      if (!is_ended_) end(cancelled("the call ended before its handler did"));
    }
    void end(const Status& status) noexcept {
      is_ended_ = true;
      try {
        audit_.record(place_, call_, status, call_.loop().now() - begun_);
      } catch (...) {  // no memory
        place_.lose();
      }
    }

   private:
    const Impl& audit_;
    const Place& place_;
    const Call& call_;
    const TimePoint begun_;
    bool is_ended_ = false;
  };

  bool is_recorded(const AuditedDecision& decision, const Status& status) const noexcept {
    if (options_.calls == AuditOptions::Calls::All || decision.is_made) return true;
    return options_.calls == AuditOptions::Calls::DecidedOrRefused &&
           (status.code() == StatusCode::Unauthenticated ||
            status.code() == StatusCode::PermissionDenied);
  }

  void record(const Place& place, const Call& call, const Status& status, Duration took) const {
    const AuditedDecision& decision = call.find<AuditNote>()->decision;
    if (!is_recorded(decision, status)) return;
    if (options_.to_log) security::internal::log_audit(call, decision, status, took);
    if (trail_ != nullptr)
      place.use(security::internal::audit_record(call, decision, status, took));
  }

  const AuditOptions options_;
  const std::unique_ptr<AuditTrail> trail_;  // null: only the log
};

Result<Audit> Audit::open(AuditOptions options) {
  Status valid = options.valid();
  if (!valid.ok()) return valid;
  std::unique_ptr<AuditTrail> trail;
  if (!options.file.empty()) {
    Result<AuditHasher> hasher = AuditHasher::make(options.key_file);
    if (!hasher.ok()) return hasher.status().with_prefix("AuditOptions::key_file");
    Result<std::unique_ptr<AuditFile>> file = AuditFile::open(options.file, *std::move(hasher));
    if (!file.ok()) return file.status().with_prefix("AuditOptions::file");
    trail = std::make_unique<AuditTrail>(
        *std::move(file),
        AuditTrail::Options{.most_waiting = options.most_waiting,
                            .keeps_all = options.when_full == AuditOptions::WhenFull::RefuseCalls,
                            .at_end = options.at_end});
  }
  return Audit(std::make_shared<Impl>(std::move(options), std::move(trail)));
}

Middleware Audit::middleware() const {
  return [impl = impl_](Call& call, Next next) { return impl->serve(call, next); };
}

std::function<void(const Call&, const AuthorizationDecision&)> Audit::on_decision() const {
  return [](const Call& call, const AuthorizationDecision& decision) {
    const auto* const note = call.find<AuditNote>();
    if (note == nullptr) return;
    note->decision = {.is_made = true,
                      .allowed = decision.allowed,
                      .policy = std::string(decision.policy),
                      .rule = std::string(decision.rule)};
  };
}

Status Audit::health() const {
  return impl_->trail() == nullptr ? Status() : impl_->trail()->health();
}
AuditStats Audit::stats() const {
  return impl_->trail() == nullptr ? AuditStats() : impl_->trail()->stats();
}
bool Audit::flush(Duration longest) const {
  return impl_->trail() == nullptr || impl_->trail()->flush(longest);
}

}  // namespace weft
