#include "weft/security/envoy/shared_rate_limit.h"

#include <algorithm>
#include <string_view>

#include "weft/base/log.h"
#include "weft/base/log/log_once.h"
#include "weft/base/text/utf8.h"
#include "weft/rpc/call/peer.h"
#include "weft/rpc/call/principal.h"
#include "weft/rpc/grpc/google_status.h"
#include "weft/security/envoy/internal/caller_name.h"
#include "weft/security/envoy/internal/fields.h"
#include "weft/security/envoy/internal/wire.h"

namespace weft {
namespace {

namespace rls = security::rls;
using security::internal::Put;
using security::internal::put_field;

constexpr std::int64_t kMostSeconds = 366 * 86400;

rls::RateLimitRequest request_of(const std::string& domain,
                                 const std::vector<RateDescriptor>& descriptors) {
  rls::RateLimitRequest request;
  request.set_domain(domain);
  for (const RateDescriptor& descriptor : descriptors) {
    rls::RateLimitDescriptor& to = *request.add_descriptors();
    for (const auto& [key, value] : descriptor) {
      auto& entry = *to.add_entries();
      entry.set_key(to_utf8(key));
      entry.set_value(to_utf8(value));
    }
  }
  return request;
}

/// How long until there is room again for what is over its limit; nothing where it is not said.
std::optional<Duration> wait_of(const rls::RateLimitResponse& response) {
  std::optional<Duration> longest;
  for (const auto& status : response.statuses()) {
    if (status.code() != rls::RateLimitResponse::OVER_LIMIT) continue;
    if (!status.has_duration_until_reset()) continue;
    const auto& reset = status.duration_until_reset();
    const Duration wait =
        std::chrono::seconds(std::clamp<std::int64_t>(reset.seconds(), 0, kMostSeconds)) +
        std::chrono::nanoseconds(std::max(reset.nanos(), 0));
    longest = std::max(longest.value_or(Duration::zero()), wait);
  }
  return longest;
}

Status refused(const rls::RateLimitResponse& response, Call& call) {
  for (const auto& header : response.response_headers_to_add()) {
    put_field(call.trailers(), header.key(), header.value(), Put::Replaced);
  }
  Status status = resource_exhausted("the shared rate limit does not let this call pass now");
  const std::optional<Duration> wait = wait_of(response);
  return wait ? with_retry_delay(status, *wait) : status;
}

void pass(const rls::RateLimitResponse& response, Call& call) {
  for (const auto& header : response.response_headers_to_add()) {
    put_field(call.response_metadata(), header.key(), header.value(), Put::Replaced);
  }
  for (const auto& header : response.request_headers_to_add()) {
    put_field(call.request_metadata(), header.key(), header.value(), Put::Replaced);
  }
}

class Limits {
 public:
  Limits(std::shared_ptr<Channel> service, SharedRateLimitOptions options)
      : service_(std::move(service)), options_(std::move(options)) {}

  Task<Status> serve(Call& call, Next next) const {
    const std::vector<RateDescriptor> descriptors = options_.descriptors(call);
    if (descriptors.empty()) return next(call);
    return ask(request_of(options_.domain, descriptors), call, next);
  }

 private:
  Task<Status> ask(rls::RateLimitRequest request, Call& call, Next next) const {
    const rls::RateLimitServiceClient client(*service_);
    CallOptions how;
    how.timeout = options_.timeout;
    Result<rls::RateLimitResponse> response = co_await client.ShouldRateLimit(request, how);
    if (response.ok() && response->overall_code() == rls::RateLimitResponse::OVER_LIMIT) {
      say(call, "rejected");
      co_return refused(*response, call);
    }
    if (response.ok() && response->overall_code() == rls::RateLimitResponse::OK) {
      pass(*response, call);
      co_return co_await next(call);
    }
    const Status why =
        response.ok() ? internal_error("it answers neither OK nor OVER_LIMIT") : response.status();
    co_return co_await without(why, call, next);
  }

  /// The service has given no answer.
  Task<Status> without(const Status& why, Call& call, Next next) const {
    if (call.context().is_cancelled()) return Status(call.context().cancel_reason());
    static LogOnce once;
    if (once.is_new(service_->target() + std::string(name_of(why.code())))) {
      log(LogLevel::Warn, "the rate limit service " + service_->target() +
                              " gives no answer, and calls " + consequence() + ": " +
                              why.to_string());
    }
    if (options_.fallback) {
      say(call, "fallback");
      return (*options_.fallback)(call, next);
    }
    const bool passes = options_.when_away == SharedRateLimitOptions::WhenAway::Allow;
    say(call, passes ? "failed_open" : "failed");
    if (passes) return next(call);
    return Status(unavailable("whether this call is within its limit cannot be asked"));
  }
  std::string consequence() const {
    if (options_.fallback) return "are limited by this process alone";
    return options_.when_away == SharedRateLimitOptions::WhenAway::Allow ? "pass" : "are refused";
  }
  void say(const Call& call, std::string_view event) const {
    tell(options_.observer, {.policy = "shared_rate_limit", .event = event, .path = call.path()});
  }

  const std::shared_ptr<Channel> service_;
  const SharedRateLimitOptions options_;
};

}  // namespace

Status SharedRateLimitOptions::valid() const {
  if (domain.empty()) return invalid_argument("SharedRateLimitOptions::domain is empty");
  if (!descriptors) return invalid_argument("SharedRateLimitOptions::descriptors is empty");
  if (timeout <= Duration::zero()) {
    return invalid_argument("SharedRateLimitOptions::timeout is not longer than nothing");
  }
  return {};
}

Result<Middleware> shared_rate_limit(std::shared_ptr<Channel> service,
                                     SharedRateLimitOptions options) {
  if (service == nullptr) return invalid_argument("shared_rate_limit() has no channel");
  Status valid = options.valid();
  if (!valid.ok()) return valid;
  auto limits = std::make_shared<const Limits>(std::move(service), std::move(options));
  return Middleware(
      [limits = std::move(limits)](Call& call, Next next) { return limits->serve(call, next); });
}

std::vector<RateDescriptor> rate_by_caller(const Call& call) {
  std::string name;
  if (const Principal* who = call.principal()) name = security::internal::caller_name(*who);
  if (name.empty() && call.peer() != nullptr) {
    const Peer& peer = *call.peer();
    name = peer.has_address() ? peer.address.host() : peer.describe();
  }
  return {{{"caller", std::move(name)}}};
}

std::vector<RateDescriptor> rate_by_method(const Call& call) {
  return {{{"method", std::string(call.path())}}};
}

}  // namespace weft
