#include "weft/security/envoy/rate_limit_server.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <string>
#include <utility>

#include "weft/base/log.h"
#include "weft/net/loop/loop.h"
#include "weft/net/loop/snapshot.h"
#include "weft/rpc/server/server_context.h"
#include "weft/security/envoy/internal/rate_counts.h"
#include "weft/security/envoy/internal/rate_rules.h"
#include "weft/security/envoy/internal/wire.h"

namespace weft {
namespace {

using security::internal::RateCounts;
using security::internal::RateRule;
using security::internal::RateRules;
namespace rls = security::rls;

constexpr int kMostDescriptors = 100;

/// Two descriptors with the same rule and other values have other keys; each part says its length,
/// so that no value can pass as two.
std::string key_of(const std::string& domain, const rls::RateLimitDescriptor& descriptor,
                   const RateRule& rule) {
  std::string key;
  const auto add = [&key](std::string_view part) {
    key.append(std::to_string(part.size())).append(":").append(part);
  };
  add(domain);
  for (const auto& entry : descriptor.entries()) {
    add(entry.key());
    add(entry.value());
  }
  return key.append("/").append(std::to_string(static_cast<int>(rule.unit)));
}

}  // namespace

class RateLimitServer::Impl {
 public:
  explicit Impl(RateLimitServerOptions options)
      : options_(std::move(options)), counts_(std::max<std::size_t>(options_.max_counts, 1)) {}

  Status set(std::string_view json) {
    Result<RateRules> rules = RateRules::parse(json);
    if (!rules.ok()) return std::move(rules).status();
    rules_.set(std::make_shared<const RateRules>(*std::move(rules)));
    return {};
  }

  Result<rls::RateLimitResponse> answer(const rls::RateLimitRequest& request, net::Loop& loop) {
    if (request.domain().empty()) return invalid_argument("the request has no domain");
    if (request.descriptors_size() > kMostDescriptors) {
      return invalid_argument("the request has " + std::to_string(request.descriptors_size()) +
                              " descriptors; the limit is " + std::to_string(kMostDescriptors));
    }
    const std::shared_ptr<const RateRules>& rules = rules_.of(loop);
    const TimePoint now = options_.now ? options_.now() : loop.now();
    rls::RateLimitResponse response;
    response.set_overall_code(rls::RateLimitResponse::OK);
    for (const auto& descriptor : request.descriptors()) {
      auto& status = *response.add_statuses();
      status.set_code(rls::RateLimitResponse::OK);
      const RateRule* rule = rules == nullptr ? nullptr : rules->find(request.domain(), descriptor);
      if (rule == nullptr) continue;
      count(key_of(request.domain(), descriptor, *rule), *rule,
            std::max<std::uint32_t>(request.hits_addend(), 1), now, status);
      if (status.code() == rls::RateLimitResponse::OVER_LIMIT) {
        response.set_overall_code(rls::RateLimitResponse::OVER_LIMIT);
      }
    }
    if (response.overall_code() == rls::RateLimitResponse::OVER_LIMIT) ++over_limit_;
    return response;
  }

  RateLimitServerStats stats() const {
    return {.counts = counts_.size(), .over_limit = over_limit_, .not_counted = not_counted_};
  }

 private:
  void count(const std::string& key, const RateRule& rule, std::uint32_t calls, TimePoint now,
             rls::RateLimitResponse::DescriptorStatus& status) {
    status.mutable_current_limit()->set_requests_per_unit(rule.calls);
    status.mutable_current_limit()->set_unit(rule.unit);
    const std::optional<RateCounts::Count> count =
        counts_.add(key, calls, now, security::internal::length_of(rule.unit));
    if (!count) return no_room();
    const bool is_over = count->calls > rule.calls;
    if (is_over) status.set_code(rls::RateLimitResponse::OVER_LIMIT);
    status.set_limit_remaining(is_over ? 0 : static_cast<std::uint32_t>(rule.calls - count->calls));
    const Duration left = count->ends - now;
    const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
    status.mutable_duration_until_reset()->set_seconds(seconds.count());
    status.mutable_duration_until_reset()->set_nanos(
        static_cast<std::int32_t>((left - seconds).count()));
  }
  void no_room() {
    if (not_counted_.fetch_add(1) != 0) return;
    log(LogLevel::Warn, std::to_string(options_.max_counts) +
                            " counts are kept (RateLimitServerOptions::max_counts), and calls with "
                            "new values are not limited");
  }

  const RateLimitServerOptions options_;
  net::Snapshot<RateRules> rules_;
  RateCounts counts_;
  std::atomic<std::uint64_t> over_limit_{0};
  std::atomic<std::uint64_t> not_counted_{0};
};

RateLimitServer::RateLimitServer(RateLimitServerOptions options)
    : impl_(std::make_shared<Impl>(std::move(options))) {}

Status RateLimitServer::set(std::string_view json) { return impl_->set(json); }

RateLimitServerStats RateLimitServer::stats() const { return impl_->stats(); }

std::shared_ptr<ServiceDefinition> RateLimitServer::definition() const {
  class Service final : public rls::RateLimitServiceService {
   public:
    explicit Service(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

   private:
    Task<Result<rls::RateLimitResponse>> ShouldRateLimit(
        ServerContext&, const rls::RateLimitRequest& request) override {
      return impl_->answer(request, *net::Loop::current());
    }
    const std::shared_ptr<Impl> impl_;
  };
  return std::make_shared<Service>(impl_);
}

}  // namespace weft
