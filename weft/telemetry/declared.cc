#include "weft/telemetry/declared.h"

#include <array>

#include "weft/telemetry/grpc/internal/client_declared.h"
#include "weft/telemetry/grpc/internal/server_declared.h"
#include "weft/telemetry/internal/export_declared.h"
#include "weft/telemetry/process/internal/process_declared.h"

namespace weft::telemetry {
namespace {

using internal::kClient;
using internal::kProcess;
using internal::kServer;

constexpr std::array kServerGrpc{kServer.started, kServer.duration, kServer.sent, kServer.received,
                                 kServer.otel_duration};
constexpr std::array kServerOwn{kServer.active,       kServer.wait,     kServer.refusals,
                                kServer.connections,  kServer.opened,   kServer.closed,
                                kServer.refused,      kServer.failed,   kServer.memory,
                                kServer.memory_limit, kServer.loop_lag, kServer.rounds};
constexpr std::array kClientGrpc{
    kClient.started,        kClient.duration,      kClient.sent,      kClient.received,
    kClient.call_duration,  kClient.otel_duration, kClient.retries,   kClient.hedges,
    kClient.transparent,    kClient.retry_delay,   kClient.connected, kClient.not_connected,
    kClient.disconnections, kClient.open,          kClient.ejections};
constexpr std::array kClientOwn{kClient.active, kClient.wait, kClient.endpoints, kClient.resolved,
                                kClient.found};
constexpr std::array kPolicies{internal::kPolicyEvents};
constexpr std::array kExports{internal::kSpans, internal::kPoints, internal::kLogLines};
constexpr std::array kProcessAll{
    kProcess.cpu,         kProcess.resident,         kProcess.virtual_memory,
    kProcess.descriptors, kProcess.most_descriptors, kProcess.threads,
    kProcess.start,       kProcess.lost_lines};

constexpr std::array<DeclaredGroup, 7> kGroups{{
    {"Calls on servers", "server_metrics()", kServerGrpc},
    {"What only weft has on servers", "server_metrics() unless ServerMetricsOptions::own is off",
     kServerOwn},
    {"Calls on channels", "client_metrics()", kClientGrpc},
    {"What only weft has on channels", "client_metrics() unless ClientMetricsOptions::own is off",
     kClientOwn},
    {"Policies", "the observer in a policy's options", kPolicies},
    {"The process", "process_metrics()", kProcessAll},
    {"Export", "telemetry::start()", kExports},
}};

}  // namespace

std::span<const DeclaredGroup> declared_metrics() noexcept { return kGroups; }

}  // namespace weft::telemetry
