#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weft/telemetry/otlp/otlp_options.h"
#include "weft/telemetry/trace/sampling.h"

namespace weft::telemetry {

/// Looks up a variable of the environment; nothing where it is not set or empty.
using Variables = std::function<std::optional<std::string>(const char* name)>;

/// What OpenTelemetry's variables say. What cannot be read or used is logged and leaves the option
/// as it is, as the specification asks for.
class Environment {
 public:
  /// Of the process.
  Environment();
  explicit Environment(Variables variables) : get_(std::move(variables)) {}

  /// False by OTEL_SDK_DISABLED=true, and where OTEL_{TRACES,METRICS,LOGS}_EXPORTER is "none" or a
  /// list without "otlp": "prometheus", for metrics, is the admin port's.
  bool exports(OtlpSignal signal) const;
  /// OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG. always_on also takes max_per_second away,
  /// always_off what is kept of traces that are not sampled.
  void apply(Sampling& sampling) const;
  /// OTEL_EXPORTER_OTLP_{TRACES,METRICS,LOGS}_{ENDPOINT,PROTOCOL,HEADERS,COMPRESSION,TIMEOUT,
  /// CERTIFICATE,CLIENT_KEY,CLIENT_CERTIFICATE}, else the same without the signal;
  /// OTEL_{BSP,BLRP}_SCHEDULE_DELAY, OTEL_{BSP,BLRP}_MAX_EXPORT_BATCH_SIZE and
  /// OTEL_METRIC_EXPORT_INTERVAL. For gRPC an endpoint may be `host:port`: by TLS, but for
  /// OTEL_EXPORTER_OTLP_INSECURE=true.
  void apply(OtlpOptions& options, OtlpSignal signal) const;
  /// OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES, in front of what is there.
  void apply(std::vector<Attribute>& resource) const;

 private:
  std::optional<std::string> of(OtlpSignal signal, std::string_view name) const;
  std::optional<Duration> milliseconds(const char* name) const;
  bool is_insecure(OtlpSignal signal) const;
  bool take_endpoint(const std::string& name, std::string endpoint, OtlpOptions& options,
                     OtlpSignal signal) const;
  void apply_protocol(OtlpOptions& options, OtlpSignal signal) const;
  void apply_endpoint(OtlpOptions& options, OtlpSignal signal) const;
  void apply_headers(OtlpOptions& options, OtlpSignal signal) const;
  void apply_numbers(OtlpOptions& options, OtlpSignal signal) const;
  void check_temporality() const;

  Variables get_;
};

/// What is known of this process: `service.name` ("unknown_service:program" where `service` is
/// empty), `process.pid`, `process.executable.name`, `host.name`, `telemetry.sdk.*`, in
/// a container `container.id`, and in Kubernetes `k8s.pod.name` and `k8s.namespace.name`.
std::vector<Attribute> detect_resource(std::string_view service);

/// Adds an attribute, in the place of one with the same key: keys of a resource come once.
void put_attribute(std::vector<Attribute>& resource, Attribute one);

/// Pairs of a list as OTEL_RESOURCE_ATTRIBUTES has it: "key=value,key=value", values
/// percent-encoded. Nothing where it is malformed.
std::optional<std::vector<std::pair<std::string, std::string>>> parse_pairs(std::string_view text);

}  // namespace weft::telemetry
