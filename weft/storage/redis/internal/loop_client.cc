#include "weft/storage/redis/internal/loop_client.h"

#include <string>
#include <utility>

#include "weft/coro/context.h"
#include "weft/net/loop/awaited.h"
#include "weft/net/loop/wait.h"

namespace weft::redis {

namespace {

/// Why nothing is to be begun in `context` any more.
Status end_of(const Context* context, TimePoint now) {
  if (context == nullptr) return {};
  if (!context->is_cancelled() && context->deadline() <= now) {
    return deadline_exceeded("deadline exceeded");
  }
  return context->cancel_reason();
}

}  // namespace

LoopClient::LoopClient(net::Loop& loop, std::shared_ptr<const Setup> setup)
    : Timer(&LoopClient::pause_over),
      loop_(loop),
      setup_(std::move(setup)),
      backoff_(loop.rng(), setup_->options.first_pause, setup_->options.most_pause) {
  loop_.at_loop_end(*this);
}

LoopClient::~LoopClient() { close(); }

void LoopClient::close() noexcept {
  if (std::exchange(closed_, true)) return;
  const Status reason = unavailable("the client of Redis was closed");
  Timer::cancel();
  connecting_.reset();
  end_all_waiting(reason);
  if (connection_ != nullptr) connection_->close(reason);
  end_all_waiting(reason);
}

// ---- Jobs --------------------------------------------------------------------------------------

Task<Result<Value>> LoopClient::perform(std::shared_ptr<LoopClient> self,
                                        std::span<const Command> commands) {
  if (const Status ended = end_of(co_await current_context(), self->loop_.now()); !ended.ok()) {
    co_return ended.with_prefix(self->setup_->endpoint.name() + ": the command was not sent");
  }
  Job job(commands);
  // Its coroutine may be destroyed while it waits.
  struct Leave {
    LoopClient& client;
    Job& job;
    ~Leave() { client.leave(job); }
  } const leave_at_end{*self, job};
  self->submit(job);
  if (!job.ended) {
    net::Wait wait(self->loop_);
    const net::Awaited place(job.wait, wait);
    const Status reason = co_await wait;
    if (!job.ended) co_return self->end_early(job, reason);
  }
  if (!job.status.ok()) co_return std::move(job.status);
  co_return std::move(job.value);
}

void LoopClient::submit(Job& job) {
  if (closed_) return job.end(unavailable("the client of Redis was closed"));
  if (waiting_count_ == 0 && takes_more()) return connection_->send(job);
  if (waiting_count_ >= setup_->options.max_waiting) {
    return job.end(resource_exhausted(std::to_string(waiting_count_) + " commands wait for " +
                                      setup_->endpoint.name() +
                                      ", which is the limit (Options::max_waiting)"));
  }
  waiting_.push_back(job);
  ++waiting_count_;
  if (connection_ == nullptr || connection_->broken()) connect_soon();
}

void LoopClient::leave(Job& job) noexcept {
  if (job.ended) return;
  if (job.connection != nullptr) return job.connection->abandon(job);
  if (!job.linked()) return;
  job.unlink();
  --waiting_count_;
}

Status LoopClient::end_early(Job& job, const Status& reason) {
  const bool sent = job.connection != nullptr || job.may_have_run;
  leave(job);
  job.ended = true;
  if (!sent) return reason.with_prefix(setup_->endpoint.name() + ": the command was not sent");
  return reason.with_prefix(setup_->endpoint.name() + ": it is not known what became of " +
                            std::string(job.commands.back().name()));
}

void LoopClient::serve_waiting() noexcept {
  while (waiting_count_ != 0 && takes_more()) {
    --waiting_count_;
    connection_->send(*waiting_.pop_front());
  }
}

void LoopClient::end_all_waiting(const Status& status) noexcept {
  waiting_count_ = 0;
  while (Job* const job = waiting_.pop_front()) job->end(status);
}

// ---- The connection ----------------------------------------------------------------------------

void LoopClient::on_broken(IntrusiveList<Job>& again) noexcept {
  std::size_t count = 0;
  again.for_each([&](Job&) { ++count; });
  again.splice_back(waiting_);
  waiting_.splice_back(again);
  waiting_count_ += count;
  if (closed_) return;
  if (loop_.now() - connected_at_ > setup_->options.most_pause) backoff_.reset();
  // A server that answers HELLO and closes is not asked again at once.
  next_attempt_ = after(loop_.now(), backoff_.next());
  if (waiting_count_ != 0) connect_soon();
}

void LoopClient::connect_soon() {
  if (closed_ || connecting_.has_value() || connect_posted_ || Timer::armed()) return;
  if (loop_.now() < next_attempt_) return loop_.arm(*this, next_attempt_);
  // In a turn of its own: a coroutine does not begin where replies are read.
  connect_posted_ = true;
  loop_.post([weak = weak_from_this()] {
    const std::shared_ptr<LoopClient> self = weak.lock();
    if (self != nullptr) self->connect_now();
  });
}

void LoopClient::pause_over(net::Timer& timer) noexcept {
  auto& self = static_cast<LoopClient&>(timer);
  if (self.waiting_count_ != 0) self.connect_soon();
}

Task<> LoopClient::attempt(LoopClient& self) { self.made_.emplace(co_await connect(*self.setup_)); }

void LoopClient::connect_now() {
  connect_posted_ = false;
  if (closed_ || connecting_.has_value()) return;
  connecting_.emplace(attempt(*this));
  connecting_->start(
      nullptr, {.function = [](void* it) noexcept { static_cast<LoopClient*>(it)->connected(); },
                .argument = this});
}

void LoopClient::connected() {
  const std::shared_ptr<LoopClient> self = shared_from_this();
  Result<StreamPtr> stream = *std::exchange(made_, std::nullopt);
  connecting_.reset();
  if (!stream.ok()) {
    next_attempt_ = after(loop_.now(), backoff_.next());
    return end_all_waiting(stream.status());
  }
  ConnectionOwner& owner = *this;
  connection_ = std::make_unique<Connection>(loop_, *std::move(stream), *setup_, owner);
  connected_at_ = loop_.now();
  serve_waiting();
}

}  // namespace weft::redis
