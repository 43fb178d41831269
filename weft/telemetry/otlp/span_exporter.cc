#include "weft/telemetry/otlp/span_exporter.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "weft/base/log.h"
#include "weft/telemetry/otlp/internal/trace_request.h"

namespace weft::telemetry {
namespace {

using internal::ExportAnswer;
using internal::TraceRequest;

// Between attempts, times two with jitter; what a collector asks for is longer or shorter.
constexpr Duration kFirstPause = std::chrono::seconds(1);
constexpr Duration kLongestPause = std::chrono::seconds(30);
// A collector may not stop the export for longer.
constexpr Duration kLongestWait = std::chrono::minutes(5);
constexpr Duration kBetweenLines = std::chrono::minutes(1);

/// From the loop's clock to the time since 1970.
Duration to_wall(const net::Loop& loop) {
  return std::chrono::system_clock::now().time_since_epoch() - loop.now().time_since_epoch();
}

}  // namespace

SpanExporter::SpanExporter(Tracer& tracer, net::Loop& loop, const OtlpOptions& options,
                           const std::vector<Attribute>& resource,
                           std::unique_ptr<internal::Sender> sender)
    : tracer_(tracer),
      loop_(loop),
      options_(options),
      resource_(internal::encode_resource(resource)),
      sender_(std::move(sender)) {}

Task<> SpanExporter::run() {
  // Once more after stop(), for what has ended during the export before.
  for (bool is_last = false; !is_last && !is_cancelled_;) {
    is_last = stopping_;
    if (!woken_) co_await wait(options_.interval, Until::Woken);
    woken_ = false;
    co_await flush();
  }
}

Task<> SpanExporter::flush() {
  for (;;) {
    spans_.clear();
    tracer_.drain_one(spans_);
    if (spans_.empty()) break;
    std::size_t next = 0;
    while (next < spans_.size() && !is_cancelled_) {
      TraceRequest request(resource_, to_wall(loop_));
      do {
        request.add(spans_[next]);
        spans_[next++].details.reset();
      } while (next < spans_.size() && request.spans() < options_.batch_spans &&
               request.size() + spans_[next].memory() < options_.batch_bytes);
      co_await deliver(request.spans(), request.finish());
    }
    if (is_cancelled_) co_return give_up(spans_.size() - next);
  }
  say_what_was_dropped();
}

/// Of spans that were taken out of the tracer, and of those that are still there.
void SpanExporter::give_up(std::size_t spans) {
  spans_.clear();
  tracer_.drain(spans_);
  count_lost(given_up_, spans + std::exchange(spans_, {}).size(), "the program ends");
}

Task<> SpanExporter::deliver(std::size_t spans, Bytes request) {
  for (unsigned attempts = 1;; ++attempts) {
    requests_.fetch_add(1, std::memory_order_relaxed);
    const bool is_last = stopping_;
    const ExportAnswer answer = co_await sender_->send(request);
    if (answer.kind == ExportAnswer::Kind::Taken) {
      const std::uint64_t rejected = std::min<std::uint64_t>(answer.rejected, spans);
      exported_.fetch_add(spans - rejected, std::memory_order_relaxed);
      count_lost(rejected_, rejected, answer.reason);
      if (rejected == 0 && !answer.reason.empty() && may_say()) {
        log(LogLevel::Warn, sender_->where() + " took all spans, and warns: " + answer.reason);
      }
      co_return;
    }
    if (answer.kind == ExportAnswer::Kind::Refused) {
      count_lost(refused_, spans, answer.reason);
      co_return;
    }
    Context* const context = co_await current_context();
    is_cancelled_ = context != nullptr && context->is_cancelled();
    if (is_last || is_cancelled_ || attempts >= options_.max_attempts) {
      count_lost(given_up_, spans, answer.reason);
      co_return;
    }
    co_await wait(pause_after(attempts, answer), Until::Stopped);
  }
}

Duration SpanExporter::pause_after(unsigned attempts, const ExportAnswer& answer) {
  if (answer.wait) return std::min(*answer.wait, kLongestWait);
  const Duration pause =
      std::min(kLongestPause, scaled(kFirstPause, std::ldexp(1.0, static_cast<int>(attempts) - 1)));
  return scaled(pause, 0.5 + loop_.rng().uniform());
}

Task<> SpanExporter::wait(Duration at_most, Until until) {
  if (stopping_) co_return;
  Context* const outer = co_await current_context();
  Context pause(outer);
  waiting_ = &pause;
  until_ = until;
  static_cast<void>(co_await net::sleep(at_most).in(pause));
  waiting_ = nullptr;
  is_cancelled_ = outer != nullptr && outer->is_cancelled();
}

void SpanExporter::wake() noexcept {
  woken_ = true;
  if (waiting_ != nullptr && until_ == Until::Woken) waiting_->cancel(cancelled("spans wait"));
}

void SpanExporter::stop() noexcept {
  stopping_ = true;
  woken_ = true;
  if (waiting_ != nullptr) waiting_->cancel(cancelled("the export ends"));
}

void SpanExporter::count_lost(std::atomic<std::uint64_t>& lost, std::uint64_t spans,
                              const std::string& why) {
  if (spans == 0) return;
  lost.fetch_add(spans, std::memory_order_relaxed);
  say_lost(spans, why);
}

/// Once a minute: a collector that is away would fill the log. The next line has those that were
/// lost since.
void SpanExporter::say_lost(std::uint64_t spans, const std::string& why) {
  unsaid_ += spans;
  if (unsaid_ == 0 || !may_say()) return;
  log(LogLevel::Warn, "spans were lost on their way to " + sender_->where() + ", " +
                          std::to_string(std::exchange(unsaid_, 0)) + " so far: " + why);
}

bool SpanExporter::may_say() {
  const TimePoint now = loop_.now();
  if (said_at_ && now - *said_at_ < kBetweenLines) return false;
  said_at_ = now;
  return true;
}

void SpanExporter::say_what_was_dropped() {
  const std::uint64_t dropped = tracer_.stats().dropped;
  if (dropped == dropped_said_) return;
  say_lost(dropped - std::exchange(dropped_said_, dropped),
           "the queues were full (TracerOptions::queued_spans)");
}

ExportStats SpanExporter::stats() const noexcept {
  return {.exported = exported_.load(std::memory_order_relaxed),
          .rejected = rejected_.load(std::memory_order_relaxed),
          .refused = refused_.load(std::memory_order_relaxed),
          .given_up = given_up_.load(std::memory_order_relaxed),
          .dropped = tracer_.stats().dropped,
          .requests = requests_.load(std::memory_order_relaxed)};
}

}  // namespace weft::telemetry
