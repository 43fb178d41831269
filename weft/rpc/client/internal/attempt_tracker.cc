#include "weft/rpc/client/internal/attempt_tracker.h"

#include "weft/cluster/endpoints/tried.h"
#include "weft/rpc/client/internal/loop_channel.h"
#include "weft/rpc/grpc/load_report.h"

namespace weft::rpc {

AttemptTracker::AttemptTracker(LoopChannel& owner, Subchannel& where, Call& call)
    : owner_(owner), where_(where), call_(call) {
  if (owner_.timed_) begun_ = owner_.loop_.now();
  where_.call_begins();
  call_.set_endpoint(&where_.endpoint());
  if (call_.tried() != nullptr) call_.tried()->add(where_);
  if (owner_.balancer_) owner_.balancer_->on_begun(where_);
}

AttemptTracker::~AttemptTracker() {
  if (!reported_) ended(cancelled("the call was dropped"));
  call_.set_endpoint(nullptr);
  where_.call_ends();
  if (!owner_.leaving_.empty()) owner_.let_go(where_);
}

void AttemptTracker::ended(const Status& status) noexcept {
  reported_ = true;
  if (!owner_.balancer_) return;
  cluster::CallReport report{.code = status.code(), .origin = status.origin()};
  if (begun_ != TimePoint{}) {
    report.now = owner_.loop_.now();
    report.latency = report.now - begun_;
  }
  cluster::LoadReport load;
  if (read_load(load)) report.load = &load;
  owner_.report(where_, report);
}

/// The server's load report in the call's trailers. An unreadable report is ignored.
bool AttemptTracker::read_load(cluster::LoadReport& load) const noexcept {
  const Metadata& trailers = std::as_const(call_).trailers();
  if (trailers.empty()) [[likely]]
    return false;
  const auto sent = trailers.get(kLoadReportTrailer);
  if (!sent) return false;
  const std::optional<cluster::LoadReport> report = read_load_report(*sent);
  if (report) load = *report;
  return report.has_value();
}

void ClientAttempt::finish(bool taken) noexcept {
  if (taken) return;
  const Context& context = call_.context();
  attempt_.not_delivered(context.is_cancelled() ? context.cancel_reason()
                                                : cancelled("the caller takes no more responses"));
}

}  // namespace weft::rpc
