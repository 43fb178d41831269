#include <memory>
#include <string>
#include <utility>

#include "weft/coro/frame/frame_pool.h"
#include "weft/rpc/http/http_handler.h"
#include "weft/rpc/server/internal/server_loop.h"

// What a server's part on a loop does while there are more calls than it can serve.
namespace weft::rpc {
namespace {

/// With two digits, and so the same for a while.
Duration about(Duration delay) noexcept {
  Duration unit(1);
  while (delay / unit >= 100) unit *= 10;
  return delay / unit * unit;
}

}  // namespace

/// Stands in line behind all that is ready.
class ServerLoop::RoundMarker final : public net::PostedWork, public coro::Pooled {
 public:
  explicit RoundMarker(std::shared_ptr<ServerLoop> loop) noexcept : loop_(std::move(loop)) {}

 private:
  void work() noexcept override { loop_->end_round(); }
  std::shared_ptr<ServerLoop> loop_;
};

void ServerLoop::begin_round(TimePoint now) {
  admission_.begin_round(now);
  loop_.post(*new RoundMarker(shared_from_this()));
}

void ServerLoop::end_round() noexcept {
  const TimePoint now = loop_.now();
  admission_.end_round(now);
  if (refused_ != 0 && now - refused_reported_ >= std::chrono::seconds(1)) report_refused(now);
}

[[gnu::cold]] void ServerLoop::report_refused(TimePoint now) {
  log(LogLevel::Warn,
      "overload: " + std::to_string(refused_) + " calls were refused; calls wait about " +
          to_string(about(admission_.standing_delay())) + " for their turn, and one takes about " +
          to_string(about(admission_.cost())));
  refused_ = 0;
  refused_reported_ = now;
}

ServerLoop::Refusal ServerLoop::refuse_call(Admission::Verdict verdict) {
  ++refused_;
  shared_.refused.fetch_add(1, std::memory_order_relaxed);
  const Duration delay = about(admission_.standing_delay());
  if (delay != refusals_delay_) {
    refusals_delay_ = delay;
    refusals_version_ += 2;
    const std::string overload = "the server is overloaded: calls wait about " + to_string(delay);
    refusals_[0] = overload + ", the limit is " + to_string(admission_.max_delay()) +
                   " (ServerOptions::max_queue_delay)";
    refusals_[1] = overload + ", too long for the deadline of this one";
  }
  const std::uint32_t kind = verdict == Admission::Verdict::DelayTooLong ? 0 : 1;
  return {refusals_[kind], refusals_version_ + kind};
}

[[gnu::cold]] Status ServerLoop::admit_request(Admission::Client& client,
                                               const ConnectionMemory& memory, const Peer& peer,
                                               std::string_view path, Refusable refusable) {
  using Cause = RefusedCall::Cause;
  Cause cause = Cause::Limit;
  Status status = admit_call(memory);
  if (status.ok() && refusable == Refusable::Yes) {
    const Admission::Verdict verdict = admit_call(client, loop_.now(), kForever);
    if (verdict == Admission::Verdict::Admitted) return status;
    cause = Cause::Overload;
    status = unavailable(std::string(refuse_call(verdict).text));
  }
  if (!status.ok() && observer() != nullptr) {
    observer()->on_refusal({.cause = cause, .path = path, .peer = peer, .status = status});
  }
  return status;
}

}  // namespace weft::rpc
