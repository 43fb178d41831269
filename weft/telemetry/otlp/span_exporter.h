#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "weft/coro/context.h"
#include "weft/coro/task.h"
#include "weft/net/loop/loop.h"
#include "weft/telemetry/otlp/internal/sender.h"
#include "weft/telemetry/otlp/otlp_options.h"
#include "weft/telemetry/trace/tracer.h"

namespace weft::telemetry {

namespace internal {
class TraceRequest;
}

/// What became of spans.
struct ExportStats {
  std::uint64_t exported = 0;  ///< a collector has taken them
  std::uint64_t rejected = 0;  ///< it took the others of a request: a partial success
  std::uint64_t refused = 0;   ///< it said that the request is not to be sent again
  std::uint64_t given_up = 0;  ///< OtlpOptions::max_attempts, or the end of the program
  std::uint64_t dropped = 0;   ///< the tracer's queues were full
  std::uint64_t requests = 0;  ///< that were sent, with those sent again
};

/// Sends what a Tracer has in requests of a bounded size, one after the other. While a collector is
/// away its spans wait in the tracer's queues, which drop and count what they cannot hold. Belongs
/// to the loop that runs it.
class SpanExporter {
 public:
  SpanExporter(Tracer& tracer, net::Loop& loop, const OtlpOptions& options,
               const std::vector<Attribute>& resource, std::unique_ptr<internal::Sender> sender);
  SpanExporter(const SpanExporter&) = delete;
  SpanExporter& operator=(const SpanExporter&) = delete;

  /// Exports until stop(), and then what is there. Ends at once when its context is cancelled.
  Task<> run();
  /// Looks for spans now.
  void wake() noexcept;
  /// run() sends what is there, each request once more at most, and ends.
  void stop() noexcept;

  /// From any thread.
  ExportStats stats() const noexcept;

 private:
  enum class Until : std::uint8_t { Woken, Stopped };
  Task<> flush();
  void give_up(std::size_t spans);
  Task<> deliver(std::size_t spans, Bytes request);
  Task<> wait(Duration at_most, Until until);
  Duration pause_after(unsigned attempts, const internal::ExportAnswer& answer);
  void count_lost(std::atomic<std::uint64_t>& lost, std::uint64_t spans, const std::string& why);
  void say_lost(std::uint64_t spans, const std::string& why);
  void say_what_was_dropped();
  bool may_say();

  Tracer& tracer_;
  net::Loop& loop_;
  const OtlpOptions options_;
  const std::string resource_;
  const std::unique_ptr<internal::Sender> sender_;
  std::vector<SpanRecord> spans_;
  Context* waiting_ = nullptr;
  Until until_ = Until::Woken;
  bool woken_ = false;
  bool stopping_ = false;
  bool is_cancelled_ = false;
  std::optional<TimePoint> said_at_{};
  std::uint64_t unsaid_ = 0;  // lost since the last line
  std::uint64_t dropped_said_ = 0;
  std::atomic<std::uint64_t> exported_{0}, rejected_{0}, refused_{0}, given_up_{0}, requests_{0};
};

}  // namespace weft::telemetry
