#include "weft/telemetry/otlp/environment.h"

#include <charconv>
#include <cstdlib>
#include <string>

#include "weft/base/log.h"
#include "weft/base/log/log_value.h"
#include "weft/base/text/ascii.h"
#include "weft/telemetry/otlp/internal/signal_facts.h"

namespace weft::telemetry {
namespace {

using internal::facts_of;

void complain(std::string_view name, std::string_view value, std::string_view wanted) {
  log(LogLevel::Warn,
      std::string(name) + "=" + log_value(value) + " is ignored: it is not " + std::string(wanted));
}

template <class T>
std::optional<T> number_of(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

constexpr std::string_view kPrefix = "OTEL_EXPORTER_OTLP_";

/// The signal's own: "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT".
std::string variable_of(OtlpSignal signal, std::string_view name) {
  return std::string(kPrefix).append(facts_of(signal).variable).append("_").append(name);
}

struct NamedSampler {
  std::string_view name;
  bool follow_parent;
  std::optional<double> ratio;  // nothing: OTEL_TRACES_SAMPLER_ARG
};
constexpr NamedSampler kSamplers[] = {{"always_on", false, 1.0},
                                      {"always_off", false, 0.0},
                                      {"traceidratio", false, std::nullopt},
                                      {"parentbased_always_on", true, 1.0},
                                      {"parentbased_always_off", true, 0.0},
                                      {"parentbased_traceidratio", true, std::nullopt}};

}  // namespace

std::optional<std::vector<std::pair<std::string, std::string>>> parse_pairs(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> all;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const std::string_view member = ascii::trimmed(text.substr(0, comma));
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    if (member.empty()) continue;
    const std::size_t equals = member.find('=');
    if (equals == std::string_view::npos || equals == 0) return std::nullopt;
    std::optional<std::string> value =
        ascii::percent_decoded(ascii::trimmed(member.substr(equals + 1)));
    if (!value) return std::nullopt;
    all.emplace_back(ascii::trimmed(member.substr(0, equals)), *std::move(value));
  }
  return all;
}

Environment::Environment()
    : get_([](const char* name) -> std::optional<std::string> {
        const char* const value = std::getenv(name);
        if (value == nullptr || *value == '\0') return std::nullopt;
        return value;
      }) {}

std::optional<std::string> Environment::of(OtlpSignal signal, std::string_view name) const {
  std::optional<std::string> value = get_(variable_of(signal, name).c_str());
  return value ? value : get_(std::string(kPrefix).append(name).c_str());
}

std::optional<Duration> Environment::milliseconds(const char* name) const {
  const std::optional<std::string> text = get_(name);
  if (!text) return std::nullopt;
  const auto number = number_of<std::uint32_t>(*text);
  if (!number || *number == 0) {
    complain(name, *text, "a number of milliseconds above 0");
    return std::nullopt;
  }
  return std::chrono::milliseconds(*number);
}

bool Environment::exports(OtlpSignal signal) const {
  const std::optional<std::string> disabled = get_("OTEL_SDK_DISABLED");
  if (disabled && ascii::equal_without_case(*disabled, "true")) return false;
  const std::string name = "OTEL_" + std::string(facts_of(signal).variable) + "_EXPORTER";
  const std::optional<std::string> list = get_(name.c_str());
  if (!list) return true;
  bool has_otlp = false;
  for (std::string_view rest = *list; !rest.empty();) {
    const std::size_t comma = rest.find(',');
    const std::string one = ascii::lower(std::string(ascii::trimmed(rest.substr(0, comma))));
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    const bool is_known =
        one == "otlp" || one == "none" || (one == "prometheus" && signal == OtlpSignal::Metrics);
    if (!is_known) complain(name, one, "otlp or none");
    // What nobody knows is no reason to be silent.
    has_otlp = has_otlp || one == "otlp" || !is_known;
  }
  return has_otlp;
}

void Environment::apply(Sampling& sampling) const {
  const std::optional<std::string> name = get_("OTEL_TRACES_SAMPLER");
  if (!name) return;
  for (const NamedSampler& known : kSamplers) {
    if (!ascii::equal_without_case(known.name, *name)) continue;
    sampling.follow_parent = known.follow_parent;
    sampling.ratio = known.ratio.value_or(1.0);
    // All is all, and none is none, whatever the program says beside its share.
    if (known.ratio == 1.0) sampling.max_per_second = 0;
    if (known.ratio == 0.0) {
      sampling.keep_errors = false;
      sampling.keep_slower_than = kForever;
    }
    const std::optional<std::string> share = get_("OTEL_TRACES_SAMPLER_ARG");
    if (known.ratio || !share) return;
    const auto ratio = number_of<double>(*share);
    if (ratio && *ratio >= 0 && *ratio <= 1) {
      sampling.ratio = *ratio;
    } else {
      complain("OTEL_TRACES_SAMPLER_ARG", *share, "a number from 0 to 1");
    }
    return;
  }
  complain("OTEL_TRACES_SAMPLER", *name,
           "always_on, always_off, traceidratio or one of these after parentbased_");
}

/// Of gRPC, where the endpoint has no scheme.
bool Environment::is_insecure(OtlpSignal signal) const {
  const std::optional<std::string> text = of(signal, "INSECURE");
  if (!text || ascii::equal_without_case(*text, "false")) return false;
  if (ascii::equal_without_case(*text, "true")) return true;
  complain("OTEL_EXPORTER_OTLP_INSECURE", *text, "true or false");
  return false;
}

bool Environment::take_endpoint(const std::string& name, std::string endpoint, OtlpOptions& options,
                                OtlpSignal signal) const {
  const std::string value = endpoint;
  if (options.protocol == OtlpProtocol::Grpc && endpoint.find("://") == std::string::npos) {
    endpoint.insert(0, is_insecure(signal) ? "http://" : "https://");
  }
  if (!OtlpOptions{.endpoint = endpoint}.valid().ok()) {
    // What is in front of the host may be a secret.
    complain(name, value.find('@') == std::string::npos ? value : "...",
             options.protocol == OtlpProtocol::Grpc ? "a URL or host:port" : "a URL");
    return false;
  }
  options.endpoint = std::move(endpoint);
  return true;
}

/// A general endpoint is a base, to which the signal's path is added; one of the signal's own is
/// taken as it is.
void Environment::apply_endpoint(OtlpOptions& options, OtlpSignal signal) const {
  const std::string name = variable_of(signal, "ENDPOINT");
  const auto own = get_(name.c_str());
  if (own && take_endpoint(name, *own, options, signal)) return;
  const auto base = get_("OTEL_EXPORTER_OTLP_ENDPOINT");
  if (!base || !take_endpoint("OTEL_EXPORTER_OTLP_ENDPOINT", *base, options, signal)) return;
  if (options.protocol != OtlpProtocol::HttpProtobuf) return;
  if (!options.endpoint.ends_with('/')) options.endpoint += '/';
  options.endpoint += facts_of(signal).path;
}

void Environment::apply_protocol(OtlpOptions& options, OtlpSignal signal) const {
  const auto protocol = of(signal, "PROTOCOL");
  if (!protocol) return;
  if (ascii::equal_without_case(*protocol, "grpc")) {
    options.protocol = OtlpProtocol::Grpc;
  } else if (ascii::equal_without_case(*protocol, "http/protobuf")) {
    options.protocol = OtlpProtocol::HttpProtobuf;
  } else {
    complain("OTEL_EXPORTER_OTLP_PROTOCOL", *protocol, "grpc or http/protobuf");
  }
}

void Environment::apply_headers(OtlpOptions& options, OtlpSignal signal) const {
  const auto text = of(signal, "HEADERS");
  if (!text) return;
  auto pairs = parse_pairs(*text);
  if (pairs && OtlpOptions{.headers = *pairs}.valid().ok()) {
    options.headers = *std::move(pairs);
  } else {
    // They may hold a secret.
    complain("OTEL_EXPORTER_OTLP_HEADERS", "...",
             "a list of name=value whose names a program may set");
  }
}

void Environment::apply_numbers(OtlpOptions& options, OtlpSignal signal) const {
  const std::string own = variable_of(signal, "TIMEOUT");
  const bool has_own = get_(own.c_str()).has_value();
  options.timeout =
      milliseconds(has_own ? own.c_str() : "OTEL_EXPORTER_OTLP_TIMEOUT").value_or(options.timeout);
  options.interval = milliseconds(facts_of(signal).interval).value_or(options.interval);
  const char* const batch = facts_of(signal).batch;
  if (batch == nullptr) return;
  if (const auto text = get_(batch)) {
    const auto number = number_of<std::uint32_t>(*text);
    if (number && *number != 0) {
      options.batch_items = *number;
    } else {
      complain(batch, *text, "a number above 0");
    }
  }
}

/// Points are cumulative, as Prometheus wants them, and as the specification has them by default.
void Environment::check_temporality() const {
  const char* const name = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";
  const auto text = get_(name);
  if (text && !ascii::equal_without_case(*text, "cumulative")) complain(name, *text, "cumulative");
}

void Environment::apply(OtlpOptions& options, OtlpSignal signal) const {
  apply_protocol(options, signal);
  apply_endpoint(options, signal);
  apply_numbers(options, signal);
  apply_headers(options, signal);
  if (signal == OtlpSignal::Metrics) check_temporality();
  if (const auto name = of(signal, "COMPRESSION")) {
    if (ascii::equal_without_case(*name, "gzip")) {
      options.compression = Compression::Gzip;
    } else if (ascii::equal_without_case(*name, "none")) {
      options.compression = Compression::Identity;
    } else {
      complain("OTEL_EXPORTER_OTLP_COMPRESSION", *name, "gzip or none");
    }
  }
  if (auto file = of(signal, "CERTIFICATE")) options.tls.ca = *std::move(file);
  if (auto file = of(signal, "CLIENT_KEY")) options.tls.key = *std::move(file);
  if (auto file = of(signal, "CLIENT_CERTIFICATE")) options.tls.certificate = *std::move(file);
}

void Environment::apply(std::vector<Attribute>& resource) const {
  if (const auto text = get_("OTEL_RESOURCE_ATTRIBUTES")) {
    auto pairs = parse_pairs(*text);
    if (!pairs) complain("OTEL_RESOURCE_ATTRIBUTES", *text, "a list of key=value");
    for (auto& [key, value] : pairs.value_or(std::vector<std::pair<std::string, std::string>>())) {
      put_attribute(resource, {std::move(key), std::move(value)});
    }
  }
  if (auto name = get_("OTEL_SERVICE_NAME")) {
    put_attribute(resource, {"service.name", *std::move(name)});
  }
}

}  // namespace weft::telemetry
