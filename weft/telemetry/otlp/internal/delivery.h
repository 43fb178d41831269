#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "weft/base/bytes.h"
#include "weft/coro/context.h"
#include "weft/coro/task.h"
#include "weft/net/loop/loop.h"
#include "weft/telemetry/otlp/export_stats.h"
#include "weft/telemetry/otlp/internal/sender.h"
#include "weft/telemetry/otlp/otlp_options.h"

namespace weft::telemetry::internal {

/// Sends the requests of a signal, one after the other: repeats them as OTLP allows to, waits
/// between them, counts what is lost, and says so once a minute. Belongs to the loop of its
/// exporter, but for stats().
class Delivery {
 public:
  /// `items`: what the requests have, for the log: "spans".
  Delivery(net::Loop& loop, const OtlpOptions& options, std::string_view items,
           std::unique_ptr<Sender> sender);
  Delivery(const Delivery&) = delete;
  Delivery& operator=(const Delivery&) = delete;

  /// Sends a request until it is taken, refused or given up, and counts its items. False: given up.
  Task<bool> send(std::size_t items, Bytes request);
  /// Waits for OtlpOptions::interval, wake(), stop() or the end of the context.
  Task<> wait_for_more();
  /// Ends wait_for_more(), now or the next time.
  void wake() noexcept;
  /// There are no waits any more, and a request is sent once.
  void stop() noexcept;
  bool is_stopping() const noexcept { return stopping_; }
  /// The context of send() or wait_for_more() was cancelled.
  bool is_cancelled() const noexcept { return is_cancelled_; }

  /// Counts items of which no request was made.
  void give_up(std::uint64_t items);
  /// `dropped` so far, for a reason that is `why`.
  void note_dropped(std::uint64_t dropped, const std::string& why);
  /// From any thread; without what was dropped.
  ExportStats stats() const noexcept;

 private:
  enum class Until : std::uint8_t { Woken, Stopped };
  Task<> wait(Duration at_most, Until until);
  Duration pause_after(unsigned attempts, const ExportAnswer& answer);
  void count_taken(std::uint64_t items, const ExportAnswer& answer);
  void count_lost(std::atomic<std::uint64_t>& lost, std::uint64_t items, const std::string& why);
  void say_lost(std::uint64_t items, const std::string& why);
  bool may_say();

  net::Loop& loop_;
  const OtlpOptions options_;
  const std::string items_;
  const std::unique_ptr<Sender> sender_;
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

}  // namespace weft::telemetry::internal
