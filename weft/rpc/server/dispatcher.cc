#include "weft/rpc/server/dispatcher.h"

#include <string>
#include <utility>

#include "weft/rpc/call/internal/observed_call.h"
#include "weft/rpc/server/handler.h"

namespace weft::rpc {
namespace {

/// What cancels a call is what its caller is told, whatever its handler makes of that.
struct Decision final : CancelHook {
  explicit Decision(ObservedCall& of) noexcept
      : CancelHook([](CancelHook& hook, const Status& reason) noexcept {
          static_cast<Decision&>(hook).observed.decided(reason);
        }),
        observed(of) {}
  ObservedCall& observed;
};

}  // namespace

[[gnu::cold]] Status Dispatcher::add(std::shared_ptr<ServiceDefinition> service) {
  const ServiceDescriptor& descriptor = service->descriptor();
  for (const ServiceDescriptor* known : descriptors_) {
    if (known->name == descriptor.name) {
      return already_exists("service " + std::string(descriptor.name) + " was added twice");
    }
  }
  for (std::size_t i = 0; i < descriptor.methods.size(); ++i) {
    const MethodDescriptor& method = descriptor.methods[i];
    routes_.emplace(method.path, Route{service.get(), i, &method, service->vital(),
                                       service->max_request_size()});
  }
  descriptors_.push_back(&descriptor);
  services_.push_back(std::move(service));
  return {};
}

[[gnu::cold]] void Dispatcher::clear_services() noexcept {
  routes_.clear();
  descriptors_.clear();
  services_.clear();
}

/// Counts a call while it is served, unless it counts already.
class Dispatcher::Active {
 public:
  Active(Dispatcher& of, Counts counts) noexcept
      : dispatcher_(counts == Counts::Here ? &of : nullptr) {
    if (dispatcher_ == nullptr) return;
    dispatcher_->active_.fetch_add(1, std::memory_order_relaxed);
    dispatcher_->call_began();
  }
  Active(const Active&) = delete;
  Active& operator=(const Active&) = delete;
  ~Active() {
    if (dispatcher_ == nullptr) return;
    dispatcher_->active_.fetch_sub(1, std::memory_order_relaxed);
    dispatcher_->call_ended();
  }

 private:
  Dispatcher* const dispatcher_;
};

Task<Status> Dispatcher::serve_counted(Call& call, Counts counts) {
  if (counts == Counts::Here && full()) co_return refuse(call);
  const Active active(*this, counts);
  if (call.route() == nullptr) {
    if (const Route* route = find(call.path())) call.set_route(*route, *route->method);
  }
  try {
    // Not as one conditional expression, whose Task GCC 12 destroys twice.
    if (observer_ != nullptr) co_return co_await run_observed(call);
    co_return co_await run(call);
  } catch (...) {
    co_return status_of_exception(call.path());
  }
}

Task<Status> Dispatcher::run_observed(Call& call) {
  const bool served = call.route() != nullptr || has_fallback();
  ObservedCall observed(*observer_, call,
                        served ? ObservedCall::Path::Served : ObservedCall::Path::Unknown);
  Decision decision(observed);
  static_cast<void>(call.context().add_hook(decision));
  observed.handler_begins();
  Status status;
  try {
    status = co_await run(call);
  } catch (...) {
    status = status_of_exception(call.path());
  }
  observed.end(status);
  co_return status;
}

Task<Status> Dispatcher::handle(Call& call) {
  const Route* route = call.route();
  // A middleware may serve a call of its own making.
  if (route == nullptr) [[unlikely]]
    route = find(call.path());
  if (route != nullptr) [[likely]]
    return route->service->serve(route->index, call);
  if (fallback_ != nullptr) return fallback_->serve(call);
  return not_found(call.path());
}

[[gnu::cold]] Status Dispatcher::refuse(const Call& call) const {
  Status refused = too_many_calls();
  if (observer_ != nullptr) {
    observer_->on_refusal({.cause = RefusedCall::Cause::Limit,
                           .path = call.path(),
                           .peer = *call.peer(),
                           .status = refused,
                           .trace = &call.context().trace()});
  }
  return refused;
}

[[gnu::cold]] Status Dispatcher::too_many_calls() const {
  return resource_exhausted("the server has reached its limit of " + std::to_string(max_calls_) +
                            " calls at a time (ServerOptions::max_calls)");
}

/// UNIMPLEMENTED: no such service, or no such method of it with the methods there are.
[[gnu::cold]] Status Dispatcher::not_found(std::string_view path) const {
  const std::size_t slash = path.rfind('/');
  if (path.empty() || path.front() != '/' || slash == 0) {
    return unimplemented("path '" + std::string(path.substr(0, 256)) +
                         "' is not of the form /package.Service/Method");
  }
  const std::string_view service = path.substr(1, slash - 1);
  for (const ServiceDescriptor* known : descriptors_) {
    if (known->name != service) continue;
    std::string message = "service " + std::string(service) + " has no method '" +
                          std::string(path.substr(slash + 1, 256)) + "'; it has";
    for (const MethodDescriptor& method : known->methods) message.append(" ").append(method.name);
    return unimplemented(message);
  }
  return unimplemented("no service '" + std::string(service.substr(0, 256)) + "' here");
}

}  // namespace weft::rpc
