#include "weft/middleware/attempts/fault_injection.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>
#include <utility>

#include "weft/middleware/internal/unusable.h"
#include "weft/middleware/limits/internal/permits.h"

namespace weft {

using middleware::impossible;

Status validate(const FaultInjectionOptions& options) {
  const auto is_share = [](double share) { return share >= 0 && share <= 1; };
  if (!is_share(options.delay_share)) {
    return impossible("FaultInjectionOptions::delay_share", options.delay_share,
                      "must lie between 0 and 1");
  }
  if (!is_share(options.abort_share)) {
    return impossible("FaultInjectionOptions::abort_share", options.abort_share,
                      "must lie between 0 and 1");
  }
  if (options.delay < Duration::zero()) {
    return impossible("FaultInjectionOptions::delay", to_string(options.delay),
                      "must not be negative");
  }
  if (options.max_delay < Duration::zero()) {
    return impossible("FaultInjectionOptions::max_delay", to_string(options.max_delay),
                      "must not be negative");
  }
  if (options.delay_share != 0 && options.delay == Duration::zero() && !options.from_metadata) {
    return impossible("FaultInjectionOptions::delay", "0s",
                      "must be more than 0 where delay_share is");
  }
  if (options.abort_code == StatusCode::Ok) {
    return impossible("FaultInjectionOptions::abort_code", "OK", "must be an error");
  }
  for (const std::string& method : options.methods) {
    const bool form =
        method.size() > 2 && method.front() == '/' && method.find('/', 1) != method.npos;
    if (form) continue;
    return impossible("FaultInjectionOptions::methods", "\"" + method + "\"",
                      "must be like \"/pkg.Service/Method\", or \"/pkg.Service/\" for all of them");
  }
  return {};
}

namespace {

/// What is to be done to one call.
struct Fault {
  Duration delay{};
  std::optional<StatusCode> abort;
};

std::optional<std::uint32_t> number(const Metadata& metadata, std::string_view name) {
  const std::optional<std::string_view> text = metadata.get(name);
  if (!text) return std::nullopt;
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size()) return std::nullopt;
  return value;
}

double lowered(double share, const Metadata& metadata, std::string_view name) {
  const std::optional<std::uint32_t> percentage = number(metadata, name);
  return percentage ? std::min(share, *percentage / 100.0) : share;
}

bool matches(const FaultInjectionOptions& options, const Call& call) {
  if (!options.methods.empty()) {
    const std::string_view path = call.path();
    const bool any =
        std::any_of(options.methods.begin(), options.methods.end(), [&](const std::string& method) {
          return method.back() == '/' ? path.starts_with(method) : path == method;
        });
    if (!any) return false;
  }
  if (options.metadata_name.empty()) return true;
  const std::optional<std::string_view> value = call.request_metadata().get(options.metadata_name);
  return value && (options.metadata_value.empty() || *value == options.metadata_value);
}

/// What this call would have without anybody's luck.
struct Plan {
  double delay_share = 0;
  Duration delay{};
  double abort_share = 0;
  std::optional<StatusCode> abort;
};

Plan plan_of(const FaultInjectionOptions& options, const Call& call) {
  Plan plan{options.delay_share, options.delay, options.abort_share, options.abort_code};
  if (!options.from_metadata) return plan;
  const Metadata& metadata = call.request_metadata();
  if (const auto delay = number(metadata, "x-envoy-fault-delay-request")) {
    plan.delay = std::min<Duration>(std::chrono::milliseconds(*delay), options.max_delay);
  }
  if (const auto code = number(metadata, "x-envoy-fault-abort-grpc-request");
      code && *code >= 1 && *code <= 16) {
    plan.abort = static_cast<StatusCode>(*code);
  }
  plan.delay_share = lowered(plan.delay_share, metadata, "x-envoy-fault-delay-request-percentage");
  // gRPC's name for it, and Envoy's.
  plan.abort_share = lowered(plan.abort_share, metadata, "x-envoy-fault-abort-percentage");
  plan.abort_share = lowered(plan.abort_share, metadata, "x-envoy-fault-abort-request-percentage");
  return plan;
}

Fault fault_of(const FaultInjectionOptions& options, const Call& call) {
  if (!matches(options, call)) return {};
  const Plan plan = plan_of(options, call);
  Rng& rng = call.loop().rng();
  Fault fault;
  if (plan.delay_share > 0 && rng.uniform() < plan.delay_share) fault.delay = plan.delay;
  if (plan.abort_share > 0 && rng.uniform() < plan.abort_share) fault.abort = plan.abort;
  return fault;
}

struct Shared {
  FaultInjectionOptions options;
  middleware::Permits active;
};

struct FaultInjection {
  std::shared_ptr<Shared> shared;

  Task<Status> operator()(Call& call, Next next) const {
    const Fault fault = fault_of(shared->options, call);
    if (fault.delay == Duration::zero() && !fault.abort) return next(call);
    if (fault.delay == Duration::zero()) return aborted_call(shared->options, *fault.abort, call);
    if (!shared->active.try_take(shared->options.max_active_faults)) return next(call);
    return run_later(*shared, fault, call, next);
  }

 private:
  static Status aborted_call(const FaultInjectionOptions& options, StatusCode code,
                             const Call& call) {
    tell(options.observer, {.policy = "fault",
                            .event = "abort",
                            .path = call.path(),
                            .value = static_cast<std::int64_t>(code)});
    return Status(code, options.abort_message);
  }

  static Task<Status> run_later(Shared& shared, Fault fault, Call& call, Next next) {
    const FaultInjectionOptions& options = shared.options;
    {
      const middleware::Held active(shared.active);
      tell(
          options.observer,
          {.policy = "fault", .event = "delay", .path = call.path(), .value = fault.delay.count()});
      Status waited = co_await net::sleep(fault.delay);
      if (!waited.ok()) co_return waited;
    }
    if (fault.abort) co_return aborted_call(options, *fault.abort, call);
    co_return co_await next(call);
  }
};

}  // namespace

Middleware fault_injection(FaultInjectionOptions options) {
  Status valid = validate(options);
  if (!valid.ok()) return middleware::unusable(std::move(valid));
  auto shared = std::make_shared<Shared>();
  shared->options = std::move(options);
  return FaultInjection{std::move(shared)};
}

}  // namespace weft
