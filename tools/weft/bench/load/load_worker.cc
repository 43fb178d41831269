#include "tools/weft/bench/load/load_worker.h"

#include <algorithm>
#include <ctime>

#include "weft/rpc/client/unary_call.h"

namespace weft::cli::bench {
namespace {

// After a call that failed on this side of the network: else a lane would make nothing but
// failures, without letting the loop connect again.
constexpr Duration kPause = std::chrono::milliseconds(10);

Duration thread_cpu() noexcept {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

bool all_unary(const CallMix& mix) {
  for (std::size_t i = 0; i < mix.size(); ++i) {
    if (mix[i].descriptor.kind != MethodKind::Unary) return false;
  }
  return true;
}

}  // namespace

LoadWorker::LoadWorker(net::Loop& loop, const CallMix& mix, const LoadPlan& plan)
    : loop_(loop),
      mix_(mix),
      plan_(plan),
      rotation_(mix),
      variables_{.number = 0, .rng = Rng(plan.seed + plan.index)},
      change_headers_(!plan.headers.constant()),
      measurement_(mix.size()) {
  for (std::size_t i = 0; i < plan.connections; ++i) {
    channels_.push_back(std::make_unique<Channel>(plan.target, plan.channel));
  }
}

LoadWorker::~LoadWorker() = default;

Task<Status> LoadWorker::connect() {
  for (const auto& channel : channels_) {
    Status status = co_await channel->connect();
    if (!status.ok()) co_return status;
  }
  co_return Status();
}

Task<> LoadWorker::run(TimePoint start) {
  measure_from_ = start + plan_.warmup;
  stop_at_ = after(measure_from_, plan_.duration);
  if (plan_.rate > 0) {
    const double first = static_cast<double>(plan_.index) / static_cast<double>(plan_.threads);
    arrivals_.emplace(start, plan_.rate, first, plan_.max_backlog);
  }
  net::Wait until(loop_, start);
  static_cast<void>(co_await until);
  if (plan_.warmup.count() == 0) {
    begin_measuring();
  } else {
    loop_.arm(begin_alarm_, measure_from_);
  }
  if (stop_at_ != kNever) loop_.arm(end_alarm_, stop_at_);
  const bool unary = all_unary(mix_);
  // Stream by stream, so that the first calls spread over the connections.
  for (std::size_t i = 0; i < plan_.streams; ++i) {
    for (const auto& channel : channels_) {
      if (plan_.message_streams) {
        lanes_.spawn(message_lane(*channel));
      } else if (unary) {
        lanes_.spawn(lane(*channel));
      } else {
        lanes_.spawn(streaming_lane(*channel));
      }
    }
  }
  co_await lanes_.join();
  const TimePoint now = loop_.now();
  if (measure_from_ <= now) close_interval(now);
  if (interval_begin_ != TimePoint{}) measurement_.cpu = thread_cpu() - cpu_at_begin_;
  const TimePoint end =
      plan_.duration != kForever || cutting_off_ ? std::min(stop_at_, now) : last_end_;
  measurement_.window = std::max(end - measure_from_, Duration(0));
  if (arrivals_) {
    if (plan_.duration != kForever)
      measurement_.not_begun = arrivals_->backlog(stop_at_ - Duration(1));
    measurement_.dropped = arrivals_->dropped() - dropped_before_;
    measurement_.largest_backlog = arrivals_->largest_backlog();
  }
}

Measurement LoadWorker::take_measurement() { return std::move(measurement_); }

void LoadWorker::begin_measuring() noexcept {
  cpu_at_begin_ = thread_cpu();
  interval_begin_ = measure_from_;
  if (arrivals_) dropped_before_ = arrivals_->dropped();
  loop_.arm(interval_alarm_, interval_begin_ + plan_.interval);
}

void LoadWorker::end_interval() noexcept {
  const TimePoint now = loop_.now();
  close_interval(now);
  // Intervals that passed while the loop was busy are one with that before them.
  interval_begin_ = measure_from_ + (now - measure_from_) / plan_.interval * plan_.interval;
  loop_.arm(interval_alarm_, interval_begin_ + plan_.interval);
}

void LoadWorker::close_interval(TimePoint now) {
  // What ends while the last calls are waited for is no part of the time line.
  if (interval_begin_ < std::min(now, stop_at_)) {
    Interval done{.ok = interval_ok_.buckets(), .errors = interval_errors_};
    intervals_.push({.at = interval_begin_ - measure_from_, .interval = std::move(done)});
  }
  interval_ok_.clear();
  interval_errors_ = 0;
}

void LoadWorker::time_is_up() noexcept {
  stopping_ = true;
  wake_all();
  end_alarm_.action = &LoadWorker::drain_is_over;
  loop_.arm(end_alarm_, after(loop_.now(), kDrain));
}

void LoadWorker::drain_is_over() noexcept {
  cutting_off_ = true;
  lanes_.cancel(cancelled("the run is over"));
}

void LoadWorker::interrupt() noexcept {
  stopping_ = true;
  stop_at_ = std::min(stop_at_, loop_.now());
  wake_all();
  drain_is_over();
}

/// Whether a call may begin now; the hot path's part of scheduling.
LoadWorker::Next LoadWorker::take(TimePoint now, Ticket& ticket) {
  if (stopping_ || now >= stop_at_ || issued_ == plan_.calls) [[unlikely]] {
    wake_all();
    return Next::End;
  }
  ticket.due = now;
  if (arrivals_) {
    if (arrivals_->backlog(now) == 0) return Next::Idle;
    ticket.due = arrivals_->next();
    arrivals_->take();
    if (!idle_.empty() && !due_alarm_.armed()) loop_.arm(due_alarm_, arrivals_->next());
  }
  ticket.measured = ticket.due >= measure_from_;
  if (ticket.measured) ++issued_;
  ticket.number = begun_++ * plan_.threads + plan_.index;
  ticket.pick = rotation_.next();
  return Next::Taken;
}

/// Until a call is due, or no more will be.
Task<> LoadWorker::idle() {
  IdleLane self(loop_);
  idle_.push_back(self);
  if (!due_alarm_.armed()) loop_.arm(due_alarm_, arrivals_->next());
  // A cancellation ends it too.
  static_cast<void>(co_await self.wait);
}

void LoadWorker::wake_due() noexcept {
  for (std::uint64_t due = arrivals_->backlog(loop_.now()); due > 0; --due) {
    IdleLane* lane = idle_.pop_front();
    if (lane == nullptr) return;
    lane->wait.complete();
  }
  // The clock may be a little behind the timer.
  if (!idle_.empty() && !due_alarm_.armed()) loop_.arm(due_alarm_, arrivals_->next());
}

void LoadWorker::wake_all() noexcept {
  while (IdleLane* lane = idle_.pop_front()) lane->wait.complete();
}

void LoadWorker::record(const Ticket& ticket, TimePoint now, const Status& status, std::size_t sent,
                        std::size_t received) {
  if (!ticket.measured) return;
  if (cutting_off_ && status.code() == StatusCode::Cancelled) {
    ++measurement_.unfinished;
    return;
  }
  last_end_ = now;
  if (now <= stop_at_) ++measurement_.within;
  measurement_.methods[ticket.pick.method].record(now - ticket.due, status, sent, received);
  if (status.ok()) [[likely]] {
    interval_ok_.record(now - ticket.due);
  } else {
    ++interval_errors_;
  }
}

Task<> LoadWorker::pause_after(const Status& status) {
  if (status.ok() || status.origin() == Origin::Peer) co_return;
  net::Wait pause(loop_, after(loop_.now(), kPause));
  static_cast<void>(co_await pause);
}

CallOptions LoadWorker::next_options() {
  CallOptions options = plan_.call;
  if (!change_headers_) [[likely]]
    return options;
  plan_.headers.fill(headers_, variables_);
  options.metadata = &headers_;
  return options;
}

Task<> LoadWorker::lane(Channel& channel) {
  Context* context = co_await current_context();
  TimePoint now = loop_.now();
  Ticket ticket;
  for (;;) {
    const Next next = take(now, ticket);
    if (next == Next::End) co_return;
    if (next == Next::Idle) {
      co_await idle();
      now = loop_.now();
      continue;
    }
    const MixedMethod& method = mix_[ticket.pick.method];
    variables_.number = ticket.number;
    Result<Bytes> message = method.message(ticket.pick.message, variables_);
    if (!message.ok()) [[unlikely]] {
      record(ticket, loop_.now(), message.status(), 0, 0);
      co_await pause_after(message.status());
      now = loop_.now();
      continue;
    }
    const std::size_t sent = message->size();
    Bytes response;
    Status status;
    {
      const CallOptions options = next_options();
      rpc::UnaryCall call(loop_, context, channel, method.descriptor, Message(*std::move(message)),
                          options);
      status = co_await call.run();
      status = call.finish(std::move(status), response);
    }
    now = loop_.now();
    record(ticket, now, status, sent, response.size());
    if (!status.ok()) [[unlikely]] {
      co_await pause_after(status);
      now = loop_.now();
    }
  }
}

}  // namespace weft::cli::bench
