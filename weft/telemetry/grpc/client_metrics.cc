#include "weft/telemetry/grpc/client_metrics.h"

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weft/cluster/endpoints/endpoint.h"
#include "weft/cluster/resolvers/resolver.h"
#include "weft/telemetry/grpc/internal/call_series.h"
#include "weft/telemetry/grpc/internal/client_declared.h"
#include "weft/telemetry/grpc/internal/event_counters.h"
#include "weft/telemetry/grpc/internal/method_table.h"
#include "weft/telemetry/grpc/internal/server_declared.h"

namespace weft::telemetry {
namespace {

using internal::ByStatus;
using internal::declare;
using internal::EndSeries;
using internal::EventCounters;
using internal::kClient;
using internal::kMostMethods;
using internal::kOther;
using internal::method_label;
using internal::MethodTable;

// gRFC A96 has no bounds; a call has few attempts.
constexpr double kAttemptBounds[] = {0, 1, 2, 3, 4, 5};

constexpr std::array<std::string_view, 7> kEndpointEvents = {
    "found", "gone", "ejected", "probing", "back", "unhealthy", "healthy"};

/// What the attempts of a call have done, attached to the call.
struct Attempts {
  std::uint32_t begun = 0;
  std::uint32_t running = 0;
  std::uint32_t retries = 0;
  std::uint32_t hedges = 0;
  TimePoint last_end{};
  Duration delay{};
};

/// What a method's calls are counted in.
struct MethodSeries {
  std::string method;
  Counter started;
  Histogram retries{}, hedges{}, transparent{}, delay{};  // with `retries` only
  ByStatus<EndSeries> attempts{};
  ByStatus<Histogram> calls{};
  ByStatus<Histogram> otel{};
};

/// Host and port of "dns:///greeter:50051"; empty where the target is none.
std::pair<std::string, std::string> host_and_port(std::string_view target) {
  if (!target.starts_with("dns:///")) return {};
  target.remove_prefix(std::string_view("dns:///").size());
  const std::size_t colon = target.rfind(':');
  if (colon == std::string_view::npos) return {std::string(target), {}};
  return {std::string(target.substr(0, colon)), std::string(target.substr(colon + 1))};
}

class ClientMetrics final : public Observer {
 public:
  ClientMetrics(std::string target, const ClientMetricsOptions& options);

  void on_begin(Call& call) noexcept override {
    static_cast<void>(series_of(call));
    if (retries_ != nullptr) call.attach(Attempts());
  }
  void on_end(Call& call, const Status& status, const CallStats& stats) noexcept override;
  void on_attempt_begin(Call& attempt) noexcept override {
    series_of_begun(attempt).started.add();
    if (retries_ != nullptr) attempt_begins(attempt);
  }
  void on_attempt_end(Call& attempt, const Status& status,
                      const CallStats& stats) noexcept override;
  void on_connection(const ConnectionEvent& event) noexcept override;
  void on_endpoint(const EndpointEvent& event) noexcept override;
  void on_resolver(const ResolverEvent& event) noexcept override;
  void on_policy(const PolicyEvent& event) noexcept override {
    if (own_ != nullptr) own_->policies.count(event);
  }

 private:
  struct Grpc {
    Metric &started, &duration, &sent, &received, &call_duration;
  };
  struct Retries {
    Metric &retries, &hedges, &transparent, &delay;
  };
  struct Subchannels {
    Metric& disconnections;
    Counter connected, not_connected;
    UpDownCounter open;
  };
  struct Own {
    Histogram wait;
    EventCounters policies;
    std::array<Counter, kEndpointEvents.size()> endpoints{};
    Counter resolved, unresolved;
    Gauge found;
    Observation active{};
  };
  Grpc declare_grpc(Registry& registry) const;
  void declare_options();
  void add_own();
  MethodSeries make(const MethodDescriptor& method);
  MethodSeries& series_of(const Call& call) noexcept;
  /// As series_of(), of a call that has begun: its descriptor is what it was then.
  MethodSeries& series_of_begun(const Call& call) noexcept {
    MethodSeries* const found = methods_.find_same(call.method());
    return found != nullptr ? *found : series_of(call);
  }
  void attempt_begins(Call& attempt) noexcept;
  static void attempt_ends(Call& attempt) noexcept;
  void record_retries(const MethodSeries& series, const Call& call, const CallStats& stats) const;
  void report_active(Readings& readings) const;
  Counter of_target(const Declared& declared) {
    const std::array<std::string_view, 1> labels{target_};
    return Counter(declare(registry_, declared.declaration).with(labels));
  }

  const std::string target_;
  const ClientMetricsOptions options_;
  Registry& registry_;
  Registry unseen_;  // as that of ServerMetrics
  const Grpc grpc_;
  Metric* otel_ = nullptr;
  std::unique_ptr<Retries> retries_;
  std::unique_ptr<Subchannels> subchannels_;
  Counter ejections_;
  std::unique_ptr<Own> own_;
  MethodTable<MethodSeries> methods_;
  MethodSeries* other_;
};

ClientMetrics::ClientMetrics(std::string target, const ClientMetricsOptions& options)
    : target_(std::move(target)),
      options_(options),
      registry_(options.registry == nullptr ? registry() : *options.registry),
      grpc_(declare_grpc(internal::has_grpc(options.names) ? registry_ : unseen_)) {
  if (internal::has_otel(options.names)) {
    otel_ =
        &declare(registry_, kClient.otel_duration.declaration, internal::times_of(options.buckets));
  }
  declare_options();
  if (options.own) add_own();
  other_ = methods_.add(kOther, 1, [this](const MethodDescriptor& method) { return make(method); });
}

ClientMetrics::Grpc ClientMetrics::declare_grpc(Registry& registry) const {
  const auto times = internal::times_of(options_.buckets);
  const auto sizes = internal::sizes_of(options_.buckets);
  return {.started = declare(registry, kClient.started.declaration),
          .duration = declare(registry, kClient.duration.declaration, times),
          .sent = declare(registry, kClient.sent.declaration, sizes),
          .received = declare(registry, kClient.received.declaration, sizes),
          .call_duration = declare(registry, kClient.call_duration.declaration, times)};
}

void ClientMetrics::declare_options() {
  if (options_.retries) {
    retries_.reset(new Retries{
        .retries = declare(registry_, kClient.retries.declaration, kAttemptBounds),
        .hedges = declare(registry_, kClient.hedges.declaration, kAttemptBounds),
        .transparent = declare(registry_, kClient.transparent.declaration, kAttemptBounds),
        .delay = declare(registry_, kClient.retry_delay.declaration,
                         internal::times_of(options_.buckets))});
  }
  const std::array<std::string_view, 1> labels{target_};
  if (options_.subchannels) {
    subchannels_.reset(new Subchannels{
        .disconnections = declare(registry_, kClient.disconnections.declaration),
        .connected = of_target(kClient.connected),
        .not_connected = of_target(kClient.not_connected),
        .open = UpDownCounter(declare(registry_, kClient.open.declaration).with(labels))});
  }
  if (options_.outliers) ejections_ = of_target(kClient.ejections);
}

void ClientMetrics::add_own() {
  const std::array<std::string_view, 1> labels{target_};
  const auto event = [this](const Declared& declared, std::string_view name) {
    const std::array<std::string_view, 2> both{target_, name};
    return Counter(declare(registry_, declared.declaration).with(both));
  };
  own_.reset(
      new Own{.wait = Histogram(
                  declare(registry_, kClient.wait.declaration, internal::times_of(options_.buckets))
                      .with(labels)),
              .policies = EventCounters(declare(registry_, internal::kPolicyEvents.declaration)),
              .resolved = event(kClient.resolved, "ok"),
              .unresolved = event(kClient.resolved, "error"),
              .found = Gauge(declare(registry_, kClient.found.declaration).with(labels))});
  for (std::size_t i = 0; i < kEndpointEvents.size(); ++i) {
    own_->endpoints[i] = event(kClient.endpoints, kEndpointEvents[i]);
  }
  own_->active = declare(registry_, kClient.active.declaration).observe([this](Readings& all) {
    report_active(all);
  });
}

MethodSeries ClientMetrics::make(const MethodDescriptor& method) {
  const std::string_view label = method_label(method.path);
  const std::array<std::string_view, 2> labels{label, target_};
  MethodSeries made{.method = std::string(label), .started = Counter(grpc_.started.with(labels))};
  if (retries_ == nullptr) return made;
  made.retries = Histogram(retries_->retries.with(labels));
  made.hedges = Histogram(retries_->hedges.with(labels));
  made.transparent = Histogram(retries_->transparent.with(labels));
  made.delay = Histogram(retries_->delay.with(labels));
  return made;
}

MethodSeries& ClientMetrics::series_of(const Call& call) noexcept {
  if (MethodSeries* const found = methods_.find(call.method())) return *found;
  if (call.method() == nullptr) return *other_;
  MethodSeries* const made =
      methods_.add(*call.method(), kMostMethods,
                   [this](const MethodDescriptor& method) { return make(method); });
  return made == nullptr ? *other_ : *made;
}

void ClientMetrics::on_attempt_end(Call& attempt, const Status& status,
                                   const CallStats& stats) noexcept {
  MethodSeries& series = series_of_begun(attempt);
  const StatusCode code = status.code();
  const EndSeries& ended = series.attempts.of(static_cast<std::size_t>(code), [&] {
    const std::array<std::string_view, 3> labels{series.method, target_, name_of(code)};
    return EndSeries{.duration = Histogram(grpc_.duration.with(labels)),
                     .sent = Histogram(grpc_.sent.with(labels)),
                     .received = Histogram(grpc_.received.with(labels))};
  });
  ended.record(stats, std::as_const(attempt).context().trace());
  if (retries_ != nullptr) attempt_ends(attempt);
}

void ClientMetrics::on_end(Call& call, const Status& status, const CallStats& stats) noexcept {
  MethodSeries& series = series_of_begun(call);
  const StatusCode code = status.code();
  const auto index = static_cast<std::size_t>(code);
  const TraceContext& trace = std::as_const(call).context().trace();
  const Histogram& duration = series.calls.of(index, [&] {
    const std::array<std::string_view, 3> labels{series.method, target_, name_of(code)};
    return Histogram(grpc_.call_duration.with(labels));
  });
  internal::record_time(duration, stats.took, trace);
  if (otel_ != nullptr) {
    const Histogram& otel = series.otel.of(index, [&] {
      const auto [host, port] = host_and_port(target_);
      const std::string_view method =
          &series == other_ ? internal::kOtelOtherMethod : series.method;
      return internal::otel_series(*otel_, method, code, host, port);
    });
    internal::record_time(otel, stats.took, trace);
  }
  if (own_ != nullptr) own_->wait.record(internal::seconds(stats.waited));
  if (retries_ != nullptr) record_retries(series, call, stats);
}

void ClientMetrics::attempt_begins(Call& attempt) noexcept {
  auto* const all = attempt.find<Attempts>();
  if (all == nullptr) return;
  if (all->begun++ != 0) {
    if (all->running == 0) all->delay += attempt.loop().now() - all->last_end;
    ++(all->running == 0 ? all->retries : all->hedges);
  }
  ++all->running;
}

void ClientMetrics::attempt_ends(Call& attempt) noexcept {
  auto* const all = attempt.find<Attempts>();
  if (all == nullptr) return;
  --all->running;
  all->last_end = attempt.loop().now();
}

void ClientMetrics::record_retries(const MethodSeries& series, const Call& call,
                                   const CallStats& stats) const {
  const auto* const all = call.find<Attempts>();
  if (all == nullptr) return;
  series.retries.record(all->retries);
  series.hedges.record(all->hedges);
  // What was sent on a connection more often than policies asked for it.
  series.transparent.record(stats.attempts > all->begun ? stats.attempts - all->begun : 0);
  series.delay.record(internal::seconds(all->delay));
}

void ClientMetrics::report_active(Readings& readings) const {
  methods_.for_each([&](std::string_view, const MethodSeries& series) {
    std::uint64_t ended = 0;
    series.attempts.for_each([&](const EndSeries& one) { ended += one.duration.count(); });
    const std::array<std::string_view, 2> labels{series.method, target_};
    readings.add(static_cast<double>(static_cast<std::int64_t>(series.started.value() - ended)),
                 labels);
  });
}

/// A94's words for what an event knows.
std::string_view disconnect_error(const ConnectionEvent& event) noexcept {
  switch (event.by) {
    case ConnectionEvent::By::Local:
      return "subchannel shutdown";
    case ConnectionEvent::By::Network:
      return "socket error";
    case ConnectionEvent::By::Peer:
      break;
  }
  return "unknown";
}

void ClientMetrics::on_connection(const ConnectionEvent& event) noexcept {
  if (subchannels_ == nullptr) return;
  switch (event.what) {
    case ConnectionEvent::What::Opened:
      subchannels_->connected.add();
      return subchannels_->open.add(1);
    case ConnectionEvent::What::Failed:
      return subchannels_->not_connected.add();
    case ConnectionEvent::What::Closed: {
      const std::array<std::string_view, 2> labels{target_, disconnect_error(event)};
      subchannels_->disconnections.with(labels)->count(1);
      return subchannels_->open.add(-1);
    }
    default:
      return;
  }
}

void ClientMetrics::on_endpoint(const EndpointEvent& event) noexcept {
  if (options_.outliers && event.what == EndpointEvent::What::Ejected) ejections_.add();
  if (own_ != nullptr) own_->endpoints[static_cast<std::size_t>(event.what)].add();
}

void ClientMetrics::on_resolver(const ResolverEvent& event) noexcept {
  if (own_ == nullptr) return;
  if (!event.status.ok()) return own_->unresolved.add();
  own_->resolved.add();
  own_->found.set(static_cast<double>(event.endpoints));
}

}  // namespace

std::string canonical_target(std::string_view target) {
  target = cluster::shown(target);
  // gRPC's naming document: what has no scheme is a name for DNS. "greeter:50051" has none.
  const std::size_t colon = target.find(':');
  const std::string_view scheme = target.substr(0, colon == std::string_view::npos ? 0 : colon);
  const bool has_port_there = target.starts_with('[') || colon + 1 >= target.size() ||
                              (target[colon + 1] >= '0' && target[colon + 1] <= '9');
  const bool has_scheme =
      scheme == "ipv4" || scheme == "ipv6" || (!scheme.empty() && !has_port_there);
  return has_scheme ? std::string(target) : "dns:///" + std::string(target);
}

std::shared_ptr<Observer> client_metrics(std::string_view target, ClientMetricsOptions options) {
  std::string label = options.target.empty() ? canonical_target(target) : options.target;
  return std::make_shared<ClientMetrics>(std::move(label), options);
}

}  // namespace weft::telemetry
