#include "weft/security/envoy/external_authorization.h"

#include <string>
#include <utility>

#include "weft/base/log.h"
#include "weft/base/log/log_once.h"
#include "weft/security/envoy/internal/check.h"
#include "weft/security/internal/open_paths.h"

namespace weft {
namespace {

using security::internal::apply_check;
using security::internal::check_request;
namespace auth = security::auth;

class Asking {
 public:
  Asking(std::shared_ptr<Channel> service, ExternalAuthorizationOptions options)
      : service_(std::move(service)), options_(std::move(options)) {}

  Task<Status> serve(Call& call, Next next) const {
    Status decided = co_await ask(call);
    if (!decided.ok()) co_return decided;
    co_return co_await next(call);
  }
  bool is_open(std::string_view path) const noexcept {
    return security::internal::is_open(path, options_.open);
  }

 private:
  Task<Status> ask(Call& call) const {
    const auth::AuthorizationClient client(*service_);
    const auth::CheckRequest request = check_request(call, options_);
    CallOptions how;
    how.timeout = options_.timeout;
    const Result<auth::CheckResponse> response = co_await client.Check(request, how);
    if (!response.ok()) co_return failed(call, response.status());
    Status decided = apply_check(*response, call);
    if (!decided.ok()) say(call, "denied");
    co_return decided;
  }

  Status failed(const Call& call, const Status& why) const {
    // A call that is over anyhow is not let through.
    if (call.context().is_cancelled()) return call.context().cancel_reason();
    const bool passes = options_.when_away == ExternalAuthorizationOptions::WhenAway::Allow;
    say(call, passes ? "failed_open" : "failed");
    static LogOnce once;
    if (once.is_new(service_->target() + std::string(name_of(why.code())))) {
      log(LogLevel::Warn, "the authorization service " + service_->target() +
                              " gives no decision, and calls " +
                              (passes ? "pass without one: " : "are refused: ") + why.to_string());
    }
    return passes ? Status() : unavailable("whether this call may pass cannot be asked");
  }
  void say(const Call& call, std::string_view event) const {
    tell(options_.observer,
         {.policy = "external_authorization", .event = event, .path = call.path()});
  }

  const std::shared_ptr<Channel> service_;
  const ExternalAuthorizationOptions options_;
};

}  // namespace

Status ExternalAuthorizationOptions::valid() const {
  if (timeout <= Duration::zero()) {
    return invalid_argument("ExternalAuthorizationOptions::timeout is not longer than nothing");
  }
  return {};
}

Result<Middleware> external_authorization(std::shared_ptr<Channel> service,
                                          ExternalAuthorizationOptions options) {
  if (service == nullptr) return invalid_argument("external_authorization() has no channel");
  Status valid = options.valid();
  if (!valid.ok()) return valid;
  auto asking = std::make_shared<const Asking>(std::move(service), std::move(options));
  return Middleware([asking = std::move(asking)](Call& call, Next next) {
    return asking->is_open(call.path()) ? next(call) : asking->serve(call, next);
  });
}

}  // namespace weft
