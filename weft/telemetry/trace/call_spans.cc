#include "weft/telemetry/trace/call_spans.h"

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "weft/base/text/text_cut.h"
#include "weft/telemetry/grpc/client_metrics.h"
#include "weft/telemetry/grpc/internal/call_series.h"
#include "weft/telemetry/grpc/internal/method_table.h"
#include "weft/telemetry/trace/internal/call_state.h"
#include "weft/telemetry/trace/span_setters.h"

namespace weft::telemetry {
namespace {

using internal::AttemptSpan;
using internal::ClientSpan;
using internal::From;
using internal::MethodName;
using internal::ServerSpan;

/// Methods by their descriptors.
class Methods {
 public:
  Methods(Tracer& tracer, bool all)
      : tracer_(tracer),
        all_(all),
        other_(table_.add(internal::kOther, 1, [&](const MethodDescriptor&) {
          return MethodName{.text = tracer.intern(internal::kOtelOtherMethod)};
        })) {}

  const MethodName* add(const MethodDescriptor& method) {
    const MethodName* const made =
        table_.add(method, internal::kMostMethods,
                   [this](const MethodDescriptor& of) { return make(of.path); });
    return made == nullptr ? other_ : made;
  }
  /// Of a route: its descriptor was there at a start.
  const MethodName* of_route(const Call& call) const noexcept {
    const MethodName* const found = table_.find_same(call.method());
    return found == nullptr ? other_ : found;
  }
  const MethodName* other() const noexcept { return other_; }
  const MethodName* of_client(const Call& call) {
    if (const MethodName* const found = table_.find(call.method())) return found;
    return call.method() == nullptr ? other_ : add(*call.method());
  }

 private:
  MethodName make(std::string_view path) const {
    const bool is_admin =
        path.starts_with("/grpc.health.") || path.starts_with("/grpc.reflection.");
    return {.text = tracer_.intern(internal::method_label(path)), .is_left_out = is_admin && !all_};
  }

  Tracer& tracer_;
  const bool all_;
  internal::MethodTable<MethodName> table_;
  const MethodName* other_;
};

/// OpenTelemetry's semantic conventions of gRPC: what is the server's fault.
SpanStatus status_of_server(StatusCode code) noexcept {
  switch (code) {
    case StatusCode::Unknown:
    case StatusCode::DeadlineExceeded:
    case StatusCode::Unimplemented:
    case StatusCode::Internal:
    case StatusCode::Unavailable:
    case StatusCode::DataLoss:
      return SpanStatus::Error;
    default:
      return SpanStatus::Unset;
  }
}

SpanStatus status_of_client(StatusCode code) noexcept {
  return code == StatusCode::Ok ? SpanStatus::Unset : SpanStatus::Error;
}

void fill_times(const Call& call, const CallStats& stats, SpanRecord& record) {
  record.ended = call.loop().now();
  record.begun = record.ended - stats.took;
}

void fill_status(const Status& status, SpanRecord& record) {
  record.code = status.code();
  if (record.status != SpanStatus::Error || status.message().empty()) return;
  if (record.details == nullptr) record.details = std::make_unique<SpanDetails>();
  record.details->message = internal::text_of(status.message());
  record.details->bytes += record.details->message.size();
}

void fill_peer(const Peer& peer, SpanRecord& record) {
  if (!peer.has_address()) return;
  record.peer_host = peer.address.host();
  record.peer_port = peer.address.port();
}
void fill_peer(const Call& call, SpanRecord& record) {
  if (call.peer() != nullptr) fill_peer(*call.peer(), record);
}

const TraceContext& trace_of(const Call& call) noexcept { return call.context().trace(); }

class ServerTraces final : public Observer {
 public:
  explicit ServerTraces(const CallTracesOptions& options)
      : tracer_(options.tracer == nullptr ? tracer() : *options.tracer),
        methods_(tracer_, options.health_and_reflection) {}

  void on_start(const ServerStart& start) noexcept override {
    for (const ServiceDescriptor* service : start.services) {
      for (const MethodDescriptor& method : service->methods) {
        by_path_[method.path] = methods_.add(method);
      }
    }
  }
  void on_begin(Call& call) noexcept override {
    if (!internal::may_record(tracer_.sampler(), trace_of(call), From::Wire)) return;
    begin(call);
  }
  void on_end(Call& call, const Status& status, const CallStats& stats) noexcept override {
    ServerSpan* const span = call.find<ServerSpan>();
    if (span == nullptr || span->owner != &call) return;
    internal::end_span(tracer_, span->active,
                       {.status = status_of_server(status.code()),
                        .took = stats.took,
                        .state = trace_of(call).state},
                       [&](SpanRecord& record) {
                         fill_times(call, stats, record);
                         record.kind = SpanKind::Server;
                         record.method = span->method->text;
                         record.details = std::move(span->details);
                         fill_peer(call, record);
                         fill_status(status, record);
                       });
  }
  /// A call that never was one: a span of no length, which continues the caller's trace.
  void on_refusal(const RefusedCall& call) noexcept override {
    net::Loop* const loop = net::Loop::current();
    if (call.trace == nullptr || call.cause == RefusedCall::Cause::NotGrpc || loop == nullptr) {
      return;
    }
    if (internal::may_record(tracer_.sampler(), *call.trace, From::Wire)) record(call, *loop);
  }

 private:
  [[gnu::cold]] void record(const RefusedCall& call, net::Loop& loop) noexcept {
    const auto found = by_path_.find(call.path);
    const MethodName* const method = found == by_path_.end() ? methods_.other() : found->second;
    if (method->is_left_out) return;
    Context context;
    context.trace() = *call.trace;
    const auto active = internal::begin_span(tracer_, context, loop, From::Wire);
    if (!active) return;
    internal::end_span(tracer_, *active,
                       {.status = status_of_server(call.status.code()),
                        .took = Duration::zero(),
                        .state = std::as_const(context).trace().state},
                       [&](SpanRecord& record) {
                         record.begun = record.ended = loop.now();
                         record.kind = SpanKind::Server;
                         record.method = method->text;
                         fill_peer(call.peer, record);
                         fill_status(call.status, record);
                       });
  }
  void begin(Call& call) noexcept {
    const MethodName* const method = methods_.of_route(call);
    if (method->is_left_out) return;
    const auto active = internal::begin_span(tracer_, call.context(), call.loop(), From::Wire);
    if (active) call.attach(ServerSpan{.active = *active, .owner = &call, .method = method});
  }

  Tracer& tracer_;
  Methods methods_;
  std::map<std::string_view, const MethodName*> by_path_;  // from the start on it does not change
};

class ClientTraces final : public Observer {
 public:
  ClientTraces(std::string_view target, const CallTracesOptions& options)
      : tracer_(options.tracer == nullptr ? tracer() : *options.tracer),
        methods_(tracer_, options.health_and_reflection),
        target_(tracer_.intern(canonical_target(target))),
        attempts_(options.attempts) {}

  void on_begin(Call& call) noexcept override {
    if (!internal::may_record(tracer_.sampler(), trace_of(call), From::Context)) return;
    begin<ClientSpan>(call);
  }
  void on_end(Call& call, const Status& status, const CallStats& stats) noexcept override {
    const auto* const span = call.find<ClientSpan>();
    if (span == nullptr || span->owner != &call) return;
    end(*span, call, status, stats, [](SpanRecord&) {});
  }
  void on_attempt_begin(Call& attempt) noexcept override {
    if (attempts_ && (trace_of(attempt).flags & internal::kLocal) != 0) begin<AttemptSpan>(attempt);
  }
  void on_attempt_end(Call& attempt, const Status& status,
                      const CallStats& stats) noexcept override {
    const auto* const span = attempt.find<AttemptSpan>();
    if (span == nullptr || span->owner != &attempt) return;
    end(*span, attempt, status, stats, [&](SpanRecord& record) {
      record.is_attempt = true;
      record.previous_attempts = attempt.previous_attempts();
      fill_peer(attempt, record);
    });
    internal::leave_span(span->active, attempt.context());
  }

 private:
  template <class T>
  void begin(Call& call) noexcept {
    const MethodName* const method = methods_.of_client(call);
    if (method->is_left_out) return;
    const auto active = internal::begin_span(tracer_, call.context(), call.loop(), From::Context);
    if (active) call.attach(T{.active = *active, .owner = &call, .method = method});
  }
  template <class T, class More>
  void end(const T& span, Call& call, const Status& status, const CallStats& stats,
           More more) noexcept {
    internal::end_span(tracer_, span.active,
                       {.status = status_of_client(status.code()),
                        .took = stats.took,
                        .state = trace_of(call).state},
                       [&](SpanRecord& record) {
                         fill_times(call, stats, record);
                         record.kind = SpanKind::Client;
                         record.method = span.method->text;
                         record.target = target_;
                         fill_status(status, record);
                         more(record);
                       });
  }

  Tracer& tracer_;
  Methods methods_;
  const std::string* const target_;
  const bool attempts_;
};

}  // namespace

std::shared_ptr<Observer> server_traces(CallTracesOptions options) {
  return std::make_shared<ServerTraces>(options);
}

std::shared_ptr<Observer> client_traces(std::string_view target, CallTracesOptions options) {
  return std::make_shared<ClientTraces>(target, options);
}

}  // namespace weft::telemetry
