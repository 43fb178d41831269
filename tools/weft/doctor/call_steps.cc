#include <algorithm>
#include <optional>
#include <utility>

#include "weft/rpc/client/channel.h"
#include "weft/rpc/client/unary_call.h"

#include "grpc/health/v1/health.pb.h"
#include "tools/weft/doctor/examination.h"
#include "tools/weft/schema/source/reflection_source.h"

namespace weft::cli {
namespace {

namespace health = grpc::health::v1;

constexpr MethodDescriptor kCheck = {.name = "Check", .path = "/grpc.health.v1.Health/Check"};

/// A channel to the very address that was examined.
ChannelOptions channel_options(const Examination& examination) {
  ChannelOptions options = examination.flags.channel_options();
  options.authority = examination.authority;
  if (options.tls) {
    options.tls->server_name = examination.name;
    // The report has said what is wrong with the certificate.
    options.tls->insecure = options.tls->insecure || !examination.trusted;
  }
  return options;
}

CallOptions call_options(const Examination& examination) {
  CallOptions options = examination.flags.call_options();
  options.timeout = examination.limit;
  // What the user sends along, tokens perhaps, is for the right server only.
  if (!examination.trusted) options.metadata = nullptr;
  return options;
}

bool is_not_grpc(const Status& status) {
  return status.message().starts_with("the server answered with ");
}

/// What a call that failed says of the server.
Finding failed_call(Step step, const Status& status, bool trusted) {
  Finding finding;
  finding.step = step;
  finding.text = status.to_string();
  finding.outcome = Outcome::Failed;
  const StatusCode code = status.code();
  if (is_not_grpc(status)) {
    finding.advice = {"use the port that the server has for gRPC; a proxy has to pass gRPC on"};
  } else if (code == StatusCode::Unauthenticated || code == StatusCode::PermissionDenied) {
    finding.outcome = Outcome::Warning;
    finding.advice = {trusted ? "client: send credentials, as in -H 'authorization: Bearer TOKEN'"
                              : "what -H gives is not sent to a server that is not trusted"};
  } else if (code == StatusCode::DeadlineExceeded) {
    finding.advice = {
        "the server takes connections but does not answer calls: look at its load; "
        "--timeout waits longer"};
  } else {
    finding.advice = {"the server's log says why the call failed"};
  }
  return finding;
}

Finding described_health(health::HealthCheckResponse::ServingStatus status) {
  Finding finding;
  finding.step = Step::Health;
  finding.text = health::HealthCheckResponse::ServingStatus_Name(status);
  if (finding.text.empty()) finding.text = "status " + std::to_string(static_cast<int>(status));
  finding.json.add("status", finding.text);
  if (status != health::HealthCheckResponse::SERVING) {
    finding.outcome = Outcome::Failed;
    finding.advice = {
        "server: it says itself that it takes no calls: it starts, drains, or lacks "
        "something it needs (Server::set_serving)"};
  }
  return finding;
}

std::string joined(std::vector<std::string>& names) {
  std::sort(names.begin(), names.end());
  std::string out;
  for (const std::string& name : names) out.append(out.empty() ? "" : ", ").append(name);
  return out;
}

}  // namespace

Task<> examine_health(Examination& examination) {
  net::Loop& loop = *net::Loop::current();
  Channel channel(examination.address.to_string(), channel_options(examination));
  const CallOptions options = call_options(examination);
  const health::HealthCheckRequest request;
  const TimePoint begun = loop.now();
  const Result<health::HealthCheckResponse> response =
      co_await rpc::call_unary<health::HealthCheckResponse>(channel, kCheck, request, options);
  Finding finding;
  if (response.ok()) {
    finding = described_health(response->status());
  } else if (response.status().code() == StatusCode::Unimplemented &&
             !is_not_grpc(response.status())) {
    finding.step = Step::Health;
    finding.outcome = Outcome::Note;
    finding.text = "grpc.health.v1 is not offered: balancers and probes cannot ask";
  } else {
    finding = failed_call(Step::Health, response.status(), examination.trusted);
  }
  finding.time = loop.now() - begun;
  examination.add(finding);
}

Task<> examine_reflection(Examination& examination) {
  net::Loop& loop = *net::Loop::current();
  Channel channel(examination.address.to_string(), channel_options(examination));
  const CallOptions options = call_options(examination);
  const TimePoint begun = loop.now();
  Result<std::vector<std::string>> services = unavailable("");
  {
    ReflectionSource source(channel, options);
    services = co_await source.list_services();
    co_await source.close();
  }
  Finding finding;
  finding.step = Step::Reflection;
  if (services.ok()) {
    finding.text = std::to_string(services->size()) + " services: " + joined(*services);
    finding.json.add("services", *services);
  } else if (services.status().code() == StatusCode::Unimplemented &&
             !is_not_grpc(services.status())) {
    finding.outcome = Outcome::Note;
    finding.text = "not offered: `weft call` needs --proto FILE";
  } else {
    finding = failed_call(Step::Reflection, services.status(), examination.trusted);
  }
  finding.time = loop.now() - begun;
  examination.add(finding);
}

}  // namespace weft::cli
