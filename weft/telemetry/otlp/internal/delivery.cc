#include "weft/telemetry/otlp/internal/delivery.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "weft/base/log.h"

namespace weft::telemetry::internal {
namespace {

// Between attempts, times two with jitter; what a collector asks for is longer or shorter.
constexpr Duration kFirstPause = std::chrono::seconds(1);
constexpr Duration kLongestPause = std::chrono::seconds(30);
// A collector may not stop the export for longer.
constexpr Duration kLongestWait = std::chrono::minutes(5);
constexpr Duration kBetweenLines = std::chrono::minutes(1);

}  // namespace

Delivery::Delivery(net::Loop& loop, const OtlpOptions& options, std::string_view items,
                   std::unique_ptr<Sender> sender)
    : loop_(loop), options_(options), items_(items), sender_(std::move(sender)) {}

Task<bool> Delivery::send(std::size_t items, Bytes request) {
  for (unsigned attempts = 1;; ++attempts) {
    requests_.fetch_add(1, std::memory_order_relaxed);
    const bool is_last = stopping_;
    const ExportAnswer answer = co_await sender_->send(request);
    if (answer.kind == ExportAnswer::Kind::Taken) {
      count_taken(items, answer);
      co_return true;
    }
    if (answer.kind == ExportAnswer::Kind::Refused) {
      count_lost(refused_, items, answer.reason);
      co_return true;
    }
    Context* const context = co_await current_context();
    is_cancelled_ = context != nullptr && context->is_cancelled();
    if (is_last || is_cancelled_ || attempts >= options_.max_attempts) {
      count_lost(given_up_, items, answer.reason);
      co_return false;
    }
    co_await wait(pause_after(attempts, answer), Until::Stopped);
  }
}

void Delivery::count_taken(std::uint64_t items, const ExportAnswer& answer) {
  const std::uint64_t rejected = std::min(answer.rejected, items);
  exported_.fetch_add(items - rejected, std::memory_order_relaxed);
  count_lost(rejected_, rejected, answer.reason);
  if (rejected != 0 || answer.reason.empty() || !may_say()) return;
  log(LogLevel::Warn, sender_->where() + " took all " + items_ + ", and warns: " + answer.reason);
}

Duration Delivery::pause_after(unsigned attempts, const ExportAnswer& answer) {
  if (answer.wait) return std::min(*answer.wait, kLongestWait);
  const Duration pause =
      std::min(kLongestPause, scaled(kFirstPause, std::ldexp(1.0, static_cast<int>(attempts) - 1)));
  return scaled(pause, 0.5 + loop_.rng().uniform());
}

Task<> Delivery::wait_for_more() {
  if (!woken_) co_await wait(options_.interval, Until::Woken);
  woken_ = false;
}

Task<> Delivery::wait(Duration at_most, Until until) {
  if (stopping_) co_return;
  Context* const outer = co_await current_context();
  Context pause(outer);
  waiting_ = &pause;
  until_ = until;
  static_cast<void>(co_await net::sleep(at_most).in(pause));
  waiting_ = nullptr;
  is_cancelled_ = outer != nullptr && outer->is_cancelled();
}

void Delivery::wake() noexcept {
  woken_ = true;
  if (waiting_ != nullptr && until_ == Until::Woken) waiting_->cancel(cancelled("there is more"));
}

void Delivery::stop() noexcept {
  stopping_ = true;
  if (waiting_ != nullptr) waiting_->cancel(cancelled("the export ends"));
}

void Delivery::give_up(std::uint64_t items) { count_lost(given_up_, items, "the program ends"); }

void Delivery::count_lost(std::atomic<std::uint64_t>& lost, std::uint64_t items,
                          const std::string& why) {
  if (items == 0) return;
  lost.fetch_add(items, std::memory_order_relaxed);
  say_lost(items, why);
}

/// Once a minute: a collector that is away would fill the log. The next line has those that were
/// lost since.
void Delivery::say_lost(std::uint64_t items, const std::string& why) {
  unsaid_ += items;
  if (unsaid_ == 0 || !may_say()) return;
  log(LogLevel::Warn, items_ + " were lost on their way to " + sender_->where() + ", " +
                          std::to_string(std::exchange(unsaid_, 0)) + " so far: " + why);
}

bool Delivery::may_say() {
  const TimePoint now = loop_.now();
  if (said_at_ && now - *said_at_ < kBetweenLines) return false;
  said_at_ = now;
  return true;
}

void Delivery::note_dropped(std::uint64_t dropped, const std::string& why) {
  if (dropped == dropped_said_) return;
  say_lost(dropped - std::exchange(dropped_said_, dropped), why);
}

ExportStats Delivery::stats() const noexcept {
  return {.exported = exported_.load(std::memory_order_relaxed),
          .rejected = rejected_.load(std::memory_order_relaxed),
          .refused = refused_.load(std::memory_order_relaxed),
          .given_up = given_up_.load(std::memory_order_relaxed),
          .requests = requests_.load(std::memory_order_relaxed)};
}

}  // namespace weft::telemetry::internal
