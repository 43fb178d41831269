#include "weft/telemetry/grpc/server_metrics.h"

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "weft/telemetry/grpc/internal/call_series.h"
#include "weft/telemetry/grpc/internal/event_counters.h"
#include "weft/telemetry/grpc/internal/loop_probe.h"
#include "weft/telemetry/grpc/internal/method_table.h"
#include "weft/telemetry/grpc/internal/server_declared.h"

namespace weft::telemetry {
namespace {

using internal::ByStatus;
using internal::declare;
using internal::EndSeries;
using internal::EventCounters;
using internal::kMostMethods;
using internal::kOther;
using internal::kServer;
using internal::LazyArray;
using internal::LoopProbe;
using internal::method_label;
using internal::MethodTable;

constexpr std::size_t kCauses = 6;

std::string_view name_of(RefusedCall::Cause cause) noexcept {
  constexpr std::array<std::string_view, kCauses> kNames = {"overload", "deadline", "limit",
                                                            "headers",  "method",   "not_grpc"};
  return kNames[static_cast<std::size_t>(cause)];
}

std::string_view name_of(ConnectionEvent::By by) noexcept {
  constexpr std::array<std::string_view, 3> kNames = {"local", "peer", "network"};
  return kNames[static_cast<std::size_t>(by)];
}

/// The metrics of a server, registered.
struct ServerSeries {
  ServerSeries(Registry& registry, const ServerMetricsOptions& options)
      : started(declare(registry, kServer.started.declaration)),
        duration(
            declare(registry, kServer.duration.declaration, internal::times_of(options.buckets))),
        sent(declare(registry, kServer.sent.declaration, internal::sizes_of(options.buckets))),
        received(
            declare(registry, kServer.received.declaration, internal::sizes_of(options.buckets))) {}
  Metric& started;
  Metric& duration;
  Metric& sent;
  Metric& received;
};

/// What a method's calls are counted in.
struct MethodSeries {
  std::string method;
  Counter started;
  Histogram wait;  // with `own` only
  ByStatus<EndSeries> ended{};
  ByStatus<Histogram> otel{};
  LazyArray<Counter, kCauses> refused{};
};

class ServerMetrics final : public Observer {
 public:
  explicit ServerMetrics(const ServerMetricsOptions& options);

  void on_start(const ServerStart& start) noexcept override;
  void on_begin(Call& call) noexcept override { series_of(call).started.add(); }
  void on_end(Call& call, const Status& status, const CallStats& stats) noexcept override;
  void on_refusal(const RefusedCall& call) noexcept override;
  void on_connection(const ConnectionEvent& event) noexcept override;
  void on_policy(const PolicyEvent& event) noexcept override;

 private:
  using Paths = std::unordered_map<std::string_view, MethodSeries*>;
  /// What `own` adds.
  struct Own {
    Metric& wait;
    Metric& refusals;
    EventCounters policies;
    Counter opened, refused, failed;
    std::array<Counter, 3> closed{};  // by ConnectionEvent::By
    std::vector<Observation> observations{};
  };
  MethodSeries make(const MethodDescriptor& method);
  MethodSeries& series_of(const Call& call) noexcept {
    // Routes have descriptors of services that were there at a start.
    MethodSeries* const found = methods_.find_same(call.method());
    return found != nullptr ? *found : *other_;
  }
  /// Without a lock: an overloaded server refuses many.
  MethodSeries& series_of(std::string_view path) const noexcept {
    const Paths* const paths = paths_.load(std::memory_order_acquire);
    if (paths == nullptr) return *other_;
    const auto found = paths->find(path);
    return found == paths->end() ? *other_ : *found->second;
  }
  void publish_paths();
  void record(MethodSeries& series, StatusCode code, const CallStats& stats,
              const TraceContext& trace);
  void add_own();
  void observe(const std::shared_ptr<const ServerFigures>& figures);
  void report_active(Readings& readings) const;

  const ServerMetricsOptions options_;
  Registry& registry_;
  // Where gRPC's names are not wanted their series are counted in, and not seen.
  Registry unseen_;
  ServerSeries grpc_;
  Metric* otel_ = nullptr;
  std::unique_ptr<Own> own_;
  MethodTable<MethodSeries> methods_;
  MethodSeries* other_;
  std::atomic<const Paths*> paths_{nullptr};
  std::vector<std::unique_ptr<const Paths>> all_paths_;  // earlier ones may still be looked at
  const std::shared_ptr<const int> alive_ = std::make_shared<const int>(0);
};

ServerMetrics::ServerMetrics(const ServerMetricsOptions& options)
    : options_(options),
      registry_(options.registry == nullptr ? registry() : *options.registry),
      grpc_(internal::has_grpc(options.names) ? registry_ : unseen_, options) {
  if (internal::has_otel(options.names)) {
    otel_ =
        &declare(registry_, kServer.otel_duration.declaration, internal::times_of(options.buckets));
  }
  if (options.own) add_own();
  other_ = methods_.add(kOther, 1, [this](const MethodDescriptor& method) { return make(method); });
}

void ServerMetrics::add_own() {
  const auto counter = [this](const Declared& declared) {
    return Counter(declare(registry_, declared.declaration).with({}));
  };
  own_.reset(new Own{
      .wait = declare(registry_, kServer.wait.declaration, internal::times_of(options_.buckets)),
      .refusals = declare(registry_, kServer.refusals.declaration),
      .policies = EventCounters(declare(registry_, internal::kPolicyEvents.declaration)),
      .opened = counter(kServer.opened),
      .refused = counter(kServer.refused),
      .failed = counter(kServer.failed)});
  for (const ConnectionEvent::By by :
       {ConnectionEvent::By::Local, ConnectionEvent::By::Peer, ConnectionEvent::By::Network}) {
    const std::array<std::string_view, 1> labels{name_of(by)};
    own_->closed[static_cast<std::size_t>(by)] =
        Counter(declare(registry_, kServer.closed.declaration).with(labels));
  }
  own_->observations.push_back(
      declare(registry_, kServer.active.declaration).observe([this](Readings& all) {
        report_active(all);
      }));
}

MethodSeries ServerMetrics::make(const MethodDescriptor& method) {
  const std::string_view label = method_label(method.path);
  const std::array<std::string_view, 1> labels{label};
  MethodSeries made{
      .method = std::string(label), .started = Counter(grpc_.started.with(labels)), .wait = {}};
  if (own_ != nullptr) made.wait = Histogram(own_->wait.with(labels));
  return made;
}

void ServerMetrics::on_start(const ServerStart& start) noexcept {
  for (const ServiceDescriptor* service : start.services) {
    for (const MethodDescriptor& method : service->methods) {
      static_cast<void>(methods_.add(method, kMostMethods,
                                     [this](const MethodDescriptor& of) { return make(of); }));
    }
  }
  publish_paths();
  if (own_ == nullptr) return;
  observe(start.figures);
  Metric& lag =
      declare(registry_, kServer.loop_lag.declaration, internal::times_of(options_.buckets));
  Metric& rounds = declare(registry_, kServer.rounds.declaration);
  for (std::size_t i = 0; i < start.loops.size(); ++i) {
    const std::string number = std::to_string(i);
    const std::array<std::string_view, 1> labels{number};
    LoopProbe::start(*start.loops[i], alive_, Histogram(lag.with(labels)),
                     Counter(rounds.with(labels)));
  }
}

void ServerMetrics::publish_paths() {
  auto made = std::make_unique<Paths>();
  methods_.for_each(
      [&](std::string_view path, MethodSeries& series) { made->emplace(path, &series); });
  paths_.store(made.get(), std::memory_order_release);
  all_paths_.push_back(std::move(made));
}

void ServerMetrics::observe(const std::shared_ptr<const ServerFigures>& figures) {
  const auto add = [&](const Declared& declared,
                       std::size_t (ServerFigures::*figure)() const noexcept) {
    own_->observations.push_back(
        declare(registry_, declared.declaration).observe([figures, figure](Readings& readings) {
          readings.add(static_cast<double>((*figures.*figure)()));
        }));
  };
  add(kServer.connections, &ServerFigures::connections);
  add(kServer.memory, &ServerFigures::memory);
  add(kServer.memory_limit, &ServerFigures::memory_limit);
}

/// Begun, less ended. What has ended is read first, so that nothing ends before it began.
void ServerMetrics::report_active(Readings& readings) const {
  methods_.for_each([&](std::string_view, const MethodSeries& series) {
    std::uint64_t ended = 0;
    series.ended.for_each([&](const EndSeries& one) { ended += one.duration.count(); });
    const std::array<std::string_view, 1> labels{series.method};
    readings.add(static_cast<double>(static_cast<std::int64_t>(series.started.value() - ended)),
                 labels);
  });
}

void ServerMetrics::record(MethodSeries& series, StatusCode code, const CallStats& stats,
                           const TraceContext& trace) {
  const auto index = static_cast<std::size_t>(code);
  const EndSeries& ended = series.ended.of(index, [&] {
    const std::array<std::string_view, 2> labels{series.method, weft::name_of(code)};
    return EndSeries{.duration = Histogram(grpc_.duration.with(labels)),
                     .sent = Histogram(grpc_.sent.with(labels)),
                     .received = Histogram(grpc_.received.with(labels))};
  });
  ended.record(stats, trace);
  if (otel_ == nullptr) return;
  const Histogram& otel = series.otel.of(index, [&] {
    const std::string_view method = &series == other_ ? internal::kOtelOtherMethod : series.method;
    return internal::otel_series(*otel_, method, code);
  });
  internal::record_time(otel, stats.took, trace);
}

void ServerMetrics::on_end(Call& call, const Status& status, const CallStats& stats) noexcept {
  MethodSeries& series = series_of(call);
  record(series, status.code(), stats, std::as_const(call).context().trace());
  if (own_ != nullptr) series.wait.record(internal::seconds(stats.took - stats.in_handler));
}

void ServerMetrics::on_refusal(const RefusedCall& call) noexcept {
  MethodSeries& series = series_of(call.path);
  if (own_ != nullptr) {
    series.refused
        .of(static_cast<std::size_t>(call.cause),
            [&] {
              const std::array<std::string_view, 2> labels{name_of(call.cause), series.method};
              return Counter(own_->refusals.with(labels));
            })
        .add();
  }
  // No call of gRPC's.
  if (call.cause == RefusedCall::Cause::NotGrpc) return;
  series.started.add();
  record(series, call.status.code(), CallStats(), TraceContext());
}

void ServerMetrics::on_connection(const ConnectionEvent& event) noexcept {
  if (own_ == nullptr) return;
  switch (event.what) {
    case ConnectionEvent::What::Opened:
      return own_->opened.add();
    case ConnectionEvent::What::Refused:
      return own_->refused.add();
    case ConnectionEvent::What::Failed:
      return own_->failed.add();
    case ConnectionEvent::What::Closed:
      return own_->closed[static_cast<std::size_t>(event.by)].add();
    case ConnectionEvent::What::Leaving:
      return;
  }
}

void ServerMetrics::on_policy(const PolicyEvent& event) noexcept {
  if (own_ != nullptr) own_->policies.count(event);
}

}  // namespace

std::shared_ptr<Observer> server_metrics(ServerMetricsOptions options) {
  return std::make_shared<ServerMetrics>(options);
}

}  // namespace weft::telemetry
