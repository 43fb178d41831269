#include "weft/telemetry/otlp/start.h"

#include <algorithm>
#include <array>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>

#include "weft/base/fork_mutex.h"
#include "weft/base/log.h"
#include "weft/base/log/tap.h"
#include "weft/net/loop/latch.h"
#include "weft/net/loop/loop_thread.h"
#include "weft/telemetry/internal/declare.h"
#include "weft/telemetry/internal/export_declared.h"
#include "weft/telemetry/otlp/internal/log_queue.h"
#include "weft/telemetry/otlp/internal/signal_exporter.h"
#include "weft/telemetry/otlp/internal/signal_facts.h"
#include "weft/telemetry/otlp/log_exporter.h"
#include "weft/telemetry/otlp/metric_exporter.h"
#include "weft/telemetry/otlp/span_exporter.h"
#include "weft/telemetry/prometheus/target_info.h"

namespace weft::telemetry {
namespace {

// Of the time to stop: after it, calls under way are cancelled.
constexpr int kShareToSend = 3;  // quarters

// Of OTEL_METRIC_EXPORT_INTERVAL.
constexpr Duration kMetricsInterval = std::chrono::seconds(60);
// Of OTEL_BLRP_SCHEDULE_DELAY.
constexpr Duration kLogsInterval = std::chrono::seconds(1);
// Points are small; the bytes of a request bound it first.
constexpr std::size_t kMetricsBatch = 4096;

/// target_info in what Prometheus scrapes.
void show_in_metrics(const std::vector<Attribute>& resource, Registry& registry) {
  std::vector<std::pair<std::string, std::string>> texts;
  for (const Attribute& one : resource) {
    if (const auto* const text = std::get_if<std::string>(&one.value)) {
      texts.emplace_back(one.key, *text);
    }
  }
  const Status shown = set_target_info(texts, registry);
  if (!shown.ok()) log(LogLevel::Warn, "target_info is not shown: " + shown.to_string());
}

std::unique_ptr<internal::Sender> sender_of(const OtlpOptions& options, OtlpSignal signal) {
  return options.protocol == OtlpProtocol::Grpc ? internal::grpc_sender(options, signal)
                                                : internal::http_sender(options, signal);
}

/// What is exported of a signal, and where to; made before the loop runs.
struct Plan {
  OtlpSignal signal;
  OtlpOptions options;
};

/// A metric that counts what becomes of a signal.
const Declaration& counter_of(OtlpSignal signal) noexcept {
  switch (signal) {
    case OtlpSignal::Traces:
      return internal::kSpans.declaration;
    case OtlpSignal::Metrics:
      return internal::kPoints.declaration;
    case OtlpSignal::Logs:
      break;
  }
  return internal::kLogLines.declaration;
}

void read_stats(const ExportStats& stats, OtlpSignal signal, Readings& readings) {
  const auto add = [&readings](std::uint64_t value, std::string_view outcome) {
    const std::array<std::string_view, 1> labels{outcome};
    readings.add(static_cast<double>(value), labels);
  };
  add(stats.exported, "exported");
  add(stats.rejected, "rejected");
  add(stats.refused, "refused");
  add(stats.given_up, "given_up");
  // Metrics wait in no queue.
  if (signal != OtlpSignal::Metrics) add(stats.dropped, "dropped");
}

}  // namespace

class Exporter::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(Tracer& tracer, Registry& registry, std::vector<Plan> plans, std::vector<Attribute> resource,
       Duration stop_timeout)
      : tracer_(tracer),
        registry_(registry),
        plans_(std::move(plans)),
        resource_(std::move(resource)),
        stop_timeout_(stop_timeout),
        thread_(std::make_unique<net::LoopThread>("weft-otlp")) {}

  /// weft.telemetry.spans, weft.telemetry.metric_points and weft.telemetry.log_lines.
  void count_in_metrics() {
    for (const Plan& plan : plans_) {
      Metric& metric = internal::declare(registry_, counter_of(plan.signal));
      counted_.push_back(
          metric.observe([weak = weak_from_this(), signal = plan.signal](Readings& readings) {
            const std::shared_ptr<const Impl> self = weak.lock();
            if (self != nullptr) read_stats(self->stats(signal), signal, readings);
          }));
    }
  }

  /// From here on the loop holds it, until its export has ended.
  void begin() {
    thread_->loop().post([self = shared_from_this()] { self->run(); });
    if (exports(OtlpSignal::Traces)) tracer_.set_wake(waker_of(OtlpSignal::Traces));
    if (!exports(OtlpSignal::Logs)) return;
    internal::LogQueue& queue = internal::log_queue();
    queue.set_wake(waker_of(OtlpSignal::Logs));
    set_log_tap(&queue);
  }

  void stop() noexcept {
    if (std::exchange(stopped_, true)) return;
    if (exports(OtlpSignal::Traces)) {
      static_cast<void>(tracer_.set_sampling({.ratio = 0, .follow_parent = false}));
      tracer_.set_wake({});
    }
    if (exports(OtlpSignal::Logs)) {
      set_log_tap(nullptr);
      internal::log_queue().set_wake({});
    }
    net::Loop& loop = thread_->loop();
    if (loop.anchor()->is_parents()) {
      // A child of fork(): the thread is not here.
      counted_.clear();
      static_cast<void>(thread_.release());
      return;
    }
    loop.post([self = shared_from_this()] {
      for (Running& one : self->running_) {
        if (one.exporter) one.exporter->stop();
      }
    });
    if (!done_.wait(stop_timeout_ * kShareToSend / 4)) {
      loop.post([self = shared_from_this()] {
        self->context_.cancel(cancelled("the export takes too long, and the program ends"));
      });
      static_cast<void>(done_.wait(stop_timeout_ / 8));
    }
    counted_.clear();
    // On its loop, like its senders' connections.
    loop.post([self = shared_from_this()] { self->release(); });
    if (!gone_.wait(stop_timeout_ / 16) || !thread_->end(stop_timeout_ / 16)) {
      log(LogLevel::Warn, "the thread that exports telemetry is left behind: it does not end");
      static_cast<void>(thread_.release());
    }
  }

  ExportStats stats(OtlpSignal signal) const noexcept {
    const std::lock_guard lock(mutex_);
    const Running& one = running_[static_cast<std::size_t>(signal)];
    return one.exporter ? one.exporter->stats() : one.last;
  }

 private:
  /// Of a signal.
  struct Running {
    std::unique_ptr<internal::SignalExporter> exporter;
    Task<> task;
    ExportStats last;
  };

  bool exports(OtlpSignal signal) const noexcept {
    return std::ranges::find(plans_, signal, &Plan::signal) != plans_.end();
  }

  /// What any thread calls when a queue of the signal is half full.
  std::function<void()> waker_of(OtlpSignal signal) {
    return [anchor = thread_->loop().anchor(), weak = weak_from_this(), signal] {
      anchor->post([weak, signal] {
        if (const auto self = weak.lock()) self->wake(signal);
      });
    };
  }

  // On the loop.
  void run() {
    // What the export itself has to say is not exported.
    internal::LogQueue::leave_out_this_thread();
    const std::lock_guard lock(mutex_);
    under_way_ = plans_.size();
    for (const Plan& plan : plans_) {
      Running& one = running_[static_cast<std::size_t>(plan.signal)];
      one.exporter = make(plan);
      one.task = one.exporter->run();
      one.task.start(&context_, {.function = &Impl::ended, .argument = this});
    }
  }
  std::unique_ptr<internal::SignalExporter> make(const Plan& plan) {
    net::Loop& loop = thread_->loop();
    auto sender = sender_of(plan.options, plan.signal);
    switch (plan.signal) {
      case OtlpSignal::Traces:
        return std::make_unique<SpanExporter>(tracer_, loop, plan.options, resource_,
                                              std::move(sender));
      case OtlpSignal::Metrics:
        return std::make_unique<MetricExporter>(registry_, loop, plan.options, resource_,
                                                std::move(sender));
      case OtlpSignal::Logs:
        break;
    }
    return std::make_unique<LogExporter>(internal::log_queue(), loop, plan.options, resource_,
                                         std::move(sender));
  }
  void wake(OtlpSignal signal) noexcept {
    Running& one = running_[static_cast<std::size_t>(signal)];
    if (one.exporter) one.exporter->wake();
  }
  static void ended(void* self) noexcept {
    auto* const impl = static_cast<Impl*>(self);
    if (--impl->under_way_ == 0) impl->done_.open();
  }
  void release() {
    {
      const std::lock_guard lock(mutex_);
      for (Running& one : running_) {
        if (!one.exporter) continue;
        one.last = one.exporter->stats();
        one.task = {};
        one.exporter.reset();
      }
    }
    gone_.open();
  }

  Tracer& tracer_;
  Registry& registry_;
  const std::vector<Plan> plans_;
  const std::vector<Attribute> resource_;
  const Duration stop_timeout_;
  std::unique_ptr<net::LoopThread> thread_;
  std::vector<Observation> counted_;
  bool stopped_ = false;

  // On the loop.
  Context context_;
  std::size_t under_way_ = 0;
  mutable ForkMutex mutex_;  // of what stats() reads too
  std::array<Running, kOtlpSignals> running_;

  net::Latch done_;  // all have ended
  net::Latch gone_;  // the exporters are destroyed
};

Exporter::Exporter(std::shared_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Exporter::Exporter(Exporter&&) noexcept = default;
Exporter::~Exporter() { stop(); }

void Exporter::stop() noexcept {
  if (impl_ != nullptr) impl_->stop();
}

ExportStats Exporter::stats(OtlpSignal signal) const noexcept {
  return impl_ == nullptr ? ExportStats() : impl_->stats(signal);
}

namespace {

/// Where a signal goes that has no options of its own. NOT_FOUND where nobody can know.
Result<OtlpOptions> derive(OtlpOptions options, OtlpSignal signal) {
  const std::string_view of_spans = internal::facts_of(OtlpSignal::Traces).path;
  if (options.protocol == OtlpProtocol::HttpProtobuf && !options.endpoint.empty()) {
    if (!options.endpoint.ends_with(of_spans)) {
      return not_found("StartOptions::otlp.endpoint does not end in '" + std::string(of_spans) +
                       "', and there are no options of their own");
    }
    options.endpoint.resize(options.endpoint.size() - of_spans.size());
    options.endpoint += internal::facts_of(signal).path;
  }
  return options;
}

Result<OtlpOptions> options_of(const StartOptions& options, OtlpSignal signal) {
  if (signal == OtlpSignal::Traces) return options.otlp;
  const bool is_metrics = signal == OtlpSignal::Metrics;
  const std::optional<OtlpOptions>& own = is_metrics ? options.otlp_metrics : options.otlp_logs;
  if (own) return *own;
  Result<OtlpOptions> made = derive(options.otlp, signal);
  if (!made.ok()) return made;
  made->interval = is_metrics ? kMetricsInterval : kLogsInterval;
  if (is_metrics) made->batch_items = kMetricsBatch;
  return made;
}

bool is_wanted(const StartOptions& options, OtlpSignal signal) noexcept {
  switch (signal) {
    case OtlpSignal::Traces:
      return options.export_traces;
    case OtlpSignal::Metrics:
      return options.export_metrics;
    case OtlpSignal::Logs:
      break;
  }
  return options.export_logs;
}

/// Adds what is to be exported of a signal, if anything is.
Status add_plan(const StartOptions& options, const Environment& environment, OtlpSignal signal,
                std::vector<Plan>& plans) {
  if (!is_wanted(options, signal) || !environment.exports(signal)) return {};
  Result<OtlpOptions> made = options_of(options, signal);
  if (!made.ok()) {
    log(LogLevel::Warn, std::string(internal::facts_of(signal).items) +
                            " are not exported: " + made.status().to_string());
    return {};
  }
  environment.apply(*made, signal);
  Status valid = made->valid();
  if (valid.ok()) plans.push_back({.signal = signal, .options = *std::move(made)});
  return valid;
}

}  // namespace

Result<Exporter> start(StartOptions options) {
  const Environment environment;
  std::vector<Plan> plans;
  for (const OtlpSignal signal : {OtlpSignal::Traces, OtlpSignal::Metrics, OtlpSignal::Logs}) {
    Status added = add_plan(options, environment, signal, plans);
    if (!added.ok()) return added;
  }
  if (plans.empty()) return Exporter(nullptr);
  Tracer& tracer = options.tracer == nullptr ? telemetry::tracer() : *options.tracer;
  Registry& registry = options.registry == nullptr ? telemetry::registry() : *options.registry;
  if (plans.front().signal == OtlpSignal::Traces) {
    environment.apply(options.sampling);
    Status valid = tracer.set_sampling(options.sampling);
    if (!valid.ok()) return valid;
  }
  std::vector<Attribute> resource = detect_resource(options.service);
  for (Attribute& one : options.resource) put_attribute(resource, std::move(one));
  environment.apply(resource);
  show_in_metrics(resource, registry);
  auto impl = std::make_shared<Exporter::Impl>(tracer, registry, std::move(plans),
                                               std::move(resource), options.stop_timeout);
  impl->begin();
  impl->count_in_metrics();
  return Exporter(std::move(impl));
}

}  // namespace weft::telemetry
