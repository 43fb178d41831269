#include "weft/telemetry/otlp/start.h"

#include <array>
#include <mutex>
#include <optional>
#include <utility>

#include "weft/base/fork_mutex.h"
#include "weft/base/log.h"
#include "weft/net/loop/latch.h"
#include "weft/net/loop/loop_thread.h"
#include "weft/telemetry/internal/declare.h"
#include "weft/telemetry/prometheus/target_info.h"
#include "weft/telemetry/trace/internal/trace_declared.h"

namespace weft::telemetry {
namespace {

// Of the time to stop: after it, calls under way are cancelled.
constexpr int kShareToSend = 3;  // quarters

/// target_info in what Prometheus scrapes.
void show_in_metrics(const std::vector<Attribute>& resource) {
  std::vector<std::pair<std::string, std::string>> texts;
  for (const Attribute& one : resource) {
    if (const auto* const text = std::get_if<std::string>(&one.value)) {
      texts.emplace_back(one.key, *text);
    }
  }
  const Status shown = set_target_info(texts);
  if (!shown.ok()) log(LogLevel::Warn, "target_info is not shown: " + shown.to_string());
}

std::unique_ptr<internal::Sender> sender_of(const OtlpOptions& options) {
  return options.protocol == OtlpProtocol::Grpc ? internal::grpc_sender(options)
                                                : internal::http_sender(options);
}

}  // namespace

class Exporter::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(Tracer& tracer, const OtlpOptions& options, std::vector<Attribute> resource,
       Duration stop_timeout)
      : tracer_(tracer),
        options_(options),
        resource_(std::move(resource)),
        stop_timeout_(stop_timeout),
        thread_(std::make_unique<net::LoopThread>("weft-otlp")) {}

  /// weft.telemetry.spans.
  void count_in_metrics() {
    Metric& spans = internal::declare(registry(), internal::kSpans.declaration);
    counted_ = spans.observe([weak = weak_from_this()](Readings& readings) {
      const std::shared_ptr<const Impl> self = weak.lock();
      if (self == nullptr) return;
      const ExportStats stats = self->stats();
      const auto add = [&readings](std::uint64_t value, std::string_view outcome) {
        const std::array<std::string_view, 1> labels{outcome};
        readings.add(static_cast<double>(value), labels);
      };
      add(stats.exported, "exported");
      add(stats.rejected, "rejected");
      add(stats.refused, "refused");
      add(stats.given_up, "given_up");
      add(stats.dropped, "dropped");
    });
  }

  /// From here on the loop holds it, until its export has ended.
  void begin() {
    thread_->loop().post([self = shared_from_this()] {
      const std::lock_guard lock(self->mutex_);
      self->exporter_.emplace(self->tracer_, self->thread_->loop(), self->options_, self->resource_,
                              sender_of(self->options_));
      self->running_ = self->exporter_->run();
      self->running_.start(&self->context_, {.function = &Impl::ended, .argument = self.get()});
    });
    tracer_.set_wake([anchor = thread_->loop().anchor(), weak = weak_from_this()] {
      anchor->post([weak] {
        const std::shared_ptr<Impl> self = weak.lock();
        if (self != nullptr && self->exporter_) self->exporter_->wake();
      });
    });
  }

  void stop() noexcept {
    if (std::exchange(stopped_, true)) return;
    static_cast<void>(tracer_.set_sampling({.ratio = 0, .follow_parent = false}));
    tracer_.set_wake({});
    counted_ = {};
    net::Loop& loop = thread_->loop();
    if (loop.anchor()->is_parents()) {
      // A child of fork(): the thread is not here.
      static_cast<void>(thread_.release());
      return;
    }
    loop.post([self = shared_from_this()] {
      if (self->exporter_) self->exporter_->stop();
    });
    if (!done_.wait(stop_timeout_ * kShareToSend / 4)) {
      loop.post([self = shared_from_this()] {
        self->context_.cancel(cancelled("the export takes too long, and the program ends"));
      });
      static_cast<void>(done_.wait(stop_timeout_ / 8));
    }
    // On its loop, like its sender's connections.
    loop.post([self = shared_from_this()] { self->release(); });
    if (!gone_.wait(stop_timeout_ / 16) || !thread_->end(stop_timeout_ / 16)) {
      log(LogLevel::Warn, "the thread that exports spans is left behind: it does not end");
      static_cast<void>(thread_.release());
    }
  }

  ExportStats stats() const noexcept {
    const std::lock_guard lock(mutex_);
    if (last_) return *last_;
    return exporter_ ? exporter_->stats() : ExportStats();
  }

 private:
  static void ended(void* self) noexcept { static_cast<Impl*>(self)->done_.open(); }
  void release() {
    {
      const std::lock_guard lock(mutex_);
      if (exporter_) last_ = exporter_->stats();
      running_ = {};
      exporter_.reset();
    }
    gone_.open();
  }

  Tracer& tracer_;
  const OtlpOptions options_;
  const std::vector<Attribute> resource_;
  const Duration stop_timeout_;
  std::unique_ptr<net::LoopThread> thread_;
  Observation counted_;
  bool stopped_ = false;

  // On the loop.
  Context context_;
  mutable ForkMutex mutex_;  // of what stats() reads too
  std::optional<SpanExporter> exporter_;
  std::optional<ExportStats> last_;
  Task<> running_;

  net::Latch done_;  // run() has ended
  net::Latch gone_;  // the exporter is destroyed
};

Exporter::Exporter(std::shared_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Exporter::Exporter(Exporter&&) noexcept = default;
Exporter::~Exporter() { stop(); }

void Exporter::stop() noexcept {
  if (impl_ != nullptr) impl_->stop();
}

ExportStats Exporter::stats() const noexcept {
  return impl_ == nullptr ? ExportStats() : impl_->stats();
}

Result<Exporter> start(StartOptions options) {
  const Environment environment;
  if (!environment.exports_traces()) return Exporter(nullptr);
  environment.apply(options.sampling);
  environment.apply(options.otlp);
  std::vector<Attribute> resource = detect_resource(options.service);
  for (Attribute& one : options.resource) put_attribute(resource, std::move(one));
  environment.apply(resource);
  Status valid = options.otlp.valid();
  if (!valid.ok()) return valid;
  Tracer& tracer = options.tracer == nullptr ? telemetry::tracer() : *options.tracer;
  valid = tracer.set_sampling(options.sampling);
  if (!valid.ok()) return valid;
  show_in_metrics(resource);
  auto impl = std::make_shared<Exporter::Impl>(tracer, options.otlp, std::move(resource),
                                               options.stop_timeout);
  impl->begin();
  impl->count_in_metrics();
  return Exporter(std::move(impl));
}

}  // namespace weft::telemetry
