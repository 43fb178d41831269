#include "weft/middleware/config/policy_config.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "weft/base/fork_mutex.h"
#include "weft/middleware/config/internal/method_names.h"
#include "weft/middleware/config/internal/policy_json.h"
#include "weft/middleware/config/json_node.h"
#include "weft/net/loop/snapshot.h"

namespace weft {
namespace {

using middleware::JsonDocument;
using middleware::JsonNode;

/// The policies that are used, by their JSON.
struct InUse {
  MiddlewareChain chain;
  std::multimap<std::string, Middleware> by_json;
};

/// A policy for the calls of some methods and services only.
struct Some {
  std::vector<std::string> methods;
  Middleware policy;

  Task<Status> operator()(Call& call, Next next) const {
    const std::string_view path = call.path();
    const bool mine =
        std::any_of(methods.begin(), methods.end(), [path](const std::string& method) {
          return method.back() == '/' ? path.starts_with(method) : path == method;
        });
    return mine ? policy(call, next) : next(call);
  }
};

/// What comes behind the policies, as the end of their chain.
class Rest final : public Service {
 public:
  explicit Rest(Next next) noexcept : next_(next) {}
  Task<Status> serve(Call& call) override { return next_(call); }

 private:
  Next next_;
};

std::vector<std::string> methods_of(const JsonNode& node) {
  std::vector<std::string> methods;
  for (const JsonNode& element : node.list()) {
    std::optional<std::string> method = element.text();
    if (!method) continue;
    const bool form =
        method->size() > 2 && method->front() == '/' && method->find('/', 1) != std::string::npos;
    if (!form) {
      element.expect("\"/pkg.Service/Method\", or \"/pkg.Service/\" for all of its methods");
      continue;
    }
    const std::size_t slash = method->find('/', 1);
    middleware::warn_of_doubt("policy config", std::string_view(*method).substr(1, slash - 1),
                              std::string_view(*method).substr(slash + 1));
    methods.push_back(std::move(*method));
  }
  return methods;
}

/// The name of an element's policy; nothing, and noted, where it has not exactly one.
std::optional<std::string> name_of_policy(const JsonNode& element) {
  std::optional<std::string> found;
  std::size_t count = 0;
  for (std::string& name : element.names()) {
    if (name == "methods") continue;
    ++count;
    if (middleware::is_policy(name)) {
      found = std::move(name);
    } else {
      element[name].expect("one of the policies " + middleware::policy_names());
    }
  }
  if (count == 1) return found;
  element.expect("an object with one policy, and \"methods\" if it is for some methods only");
  return std::nullopt;
}

/// Those that were used before with the same JSON go on.
void read_policy(const JsonNode& element, PolicyObserver* observer, InUse* before, InUse& into) {
  const std::optional<std::string> name = name_of_policy(element);
  if (!name) return;
  std::vector<std::string> methods = methods_of(element["methods"]);
  std::optional<Middleware> policy;
  const std::string json = element.json();
  if (before != nullptr) {
    if (const auto same = before->by_json.find(json); same != before->by_json.end()) {
      policy = same->second;
      before->by_json.erase(same);
    }
  }
  if (!policy) {
    policy = middleware::policy_of(*name, element[*name], observer);
    if (!policy) return;
    if (!methods.empty()) policy = Middleware(Some{std::move(methods), std::move(*policy)});
  }
  into.chain.add(*policy);
  into.by_json.emplace(json, std::move(*policy));
}

}  // namespace

class PolicyConfig::Impl {
 public:
  explicit Impl(PolicyObserver* observer) noexcept : observer_(observer) {}

  Status set(std::string_view json) {
    Result<JsonDocument> document = JsonDocument::parse(json);
    if (!document.ok()) return std::move(document).status().with_prefix("policy config");
    const JsonNode root = document->root();
    auto next = std::make_shared<InUse>();
    const std::scoped_lock lock(mutex_);
    const std::shared_ptr<const InUse> in_use = in_use_.get();
    std::optional<InUse> before;
    if (in_use != nullptr) before.emplace(*in_use);
    if (root.is_object()) {
      for (const std::string& name : root.names()) {
        if (name != "policies") root[name].note("is not known here; \"policies\" is");
      }
      for (const JsonNode& element : root["policies"].list()) {
        if (!element.is_object()) continue;
        read_policy(element, observer_, before ? &*before : nullptr, *next);
      }
    }
    Status problems = document->problems();
    if (!problems.ok()) return problems.with_prefix("policy config");
    in_use_.set(std::move(next));
    return {};
  }

  /// As of now; null before the first config.
  const std::shared_ptr<const InUse>& in_use(net::Loop& loop) const { return in_use_.of(loop); }

 private:
  PolicyObserver* observer_;
  ForkMutex mutex_;  // held while a config takes the place of another
  net::Snapshot<InUse> in_use_;
};

PolicyConfig::PolicyConfig(PolicyObserver* observer) : impl_(std::make_shared<Impl>(observer)) {}

Status PolicyConfig::set(std::string_view json) { return impl_->set(json); }

Middleware PolicyConfig::middleware() const {
  struct Apply {
    std::shared_ptr<const Impl> impl;

    Task<Status> operator()(Call& call, Next next) const {
      const std::shared_ptr<const InUse>& in_use = impl->in_use(call.loop());
      if (in_use == nullptr || in_use->chain.empty()) return next(call);
      return run(in_use, call, next);
    }
    /// The policies must stay while the call runs.
    static Task<Status> run(std::shared_ptr<const InUse> in_use, Call& call, Next next) {
      Rest rest(next);
      co_return co_await in_use->chain.serve(call, rest);
    }
  };
  return Apply{impl_};
}

}  // namespace weft
