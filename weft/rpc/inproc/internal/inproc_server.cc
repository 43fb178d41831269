#include "weft/rpc/inproc/internal/inproc_server.h"

namespace weft::rpc {

const Peer::Ref& InprocPart::peer() {
  if (!peer_) peer_ = Peer::local();
  return peer_;
}

void InprocPart::call_began(LocalCall& call) {
  if (!keep_) keep_ = server_.shared_from_this();
  if (!net::LoopEndHook::linked()) loop_.at_loop_end(*this);
  calls_.push_back(call);
  live_.store(live_calls() + 1, std::memory_order_relaxed);
}

void InprocPart::call_ended() noexcept {
  live_.store(live_calls() - 1, std::memory_order_relaxed);
  if (live_calls() == 0 && server_.draining()) check_idle();
}

void InprocPart::when_idle(UniqueFunction<void()> function) {
  when_idle_ = std::move(function);
  check_idle();
}

/// A call that ends is on the stack below.
void InprocPart::check_idle() noexcept {
  if (live_calls() != 0) return;
  // This may be destroyed on another thread.
  net::LoopEndHook::unlink();
  loop_.post([self = std::exchange(keep_, nullptr),
              function = std::exchange(when_idle_, UniqueFunction<void()>())]() mutable {
    if (function) function();
  });
}

void InprocPart::cancel_all(const Status& reason) noexcept {
  calls_.for_each([&](LocalCall& call) { call.cancel(reason); });
}

std::string InprocPart::describe_calls() {
  std::string text;
  calls_.for_each(
      [&](LocalCall& call) { text.append(text.empty() ? "" : ", ").append(call.path()); });
  return text;
}

void InprocPart::on_loop_end() noexcept {
  const std::shared_ptr<InprocServer> keep = std::exchange(keep_, nullptr);
  const UniqueFunction<void()> never = std::exchange(when_idle_, UniqueFunction<void()>());
  calls_.for_each([](LocalCall& call) { call.loop_ended(); });
  net::LoopEndHook::unlink();
}

InprocServer::InprocServer(std::string name, const CallLimits& limits,
                           std::shared_ptr<Dispatcher> dispatcher,
                           std::span<net::Loop* const> loops)
    : name_(std::move(name)), limits_(limits), dispatcher_(std::move(dispatcher)) {
  parts_.reserve(loops.size());
  for (net::Loop* loop : loops) parts_.push_back(std::make_unique<InprocPart>(*this, *loop));
}

InprocPart* InprocServer::part_of(const net::Loop& loop) const noexcept {
  for (const auto& part : parts_) {
    if (&part->loop() == &loop) return part.get();
  }
  return nullptr;
}

InprocPart& InprocServer::next_part() noexcept {
  return *parts_[next_.fetch_add(1, std::memory_order_relaxed) % parts_.size()];
}

}  // namespace weft::rpc
