#include "weft/edge/rest/internal/rest_rules.h"

#include <algorithm>
#include <utility>

#include <google/protobuf/descriptor.h>

#include "weft/rpc/server/dispatcher.h"

namespace weft::edge::rest {
namespace {

namespace pb = google::protobuf;

std::string of_method(const rpc::Route& route) {
  return "google.api.http of the method " + std::string(route.method->path);
}

/// The rules of one method. None for a method that the pool does not have: it was written by hand.
Result<std::vector<BoundRule>> bound_rules(const ServiceDescriptor& service,
                                           const MethodDescriptor& method,
                                           const codec::Tables& tables) {
  std::vector<BoundRule> bound;
  const std::string name = std::string(service.name) + "." + std::string(method.name);
  const pb::MethodDescriptor* found = pb::DescriptorPool::generated_pool()->FindMethodByName(name);
  if (found == nullptr) return bound;
  Result<std::vector<HttpRule>> rules = rules_of(*found);
  if (!rules.ok()) return rules.status();
  for (const HttpRule& rule : *rules) {
    Result<BoundRule> one = bind(rule, *found, tables);
    if (!one.ok()) return one.status();
    bound.push_back(*std::move(one));
  }
  return bound;
}

}  // namespace

Result<RestRules> RestRules::of(const rpc::Dispatcher& dispatcher, const codec::Tables& tables) {
  RestRules all;
  for (const ServiceDescriptor* service : dispatcher.services()) {
    for (const MethodDescriptor& method : service->methods) {
      const rpc::Route* route = dispatcher.find(method.path);
      if (route == nullptr) continue;
      Result<std::vector<BoundRule>> rules = bound_rules(*service, method, tables);
      if (!rules.ok()) return rules.status().with_prefix(of_method(*route));
      for (BoundRule& rule : *rules) {
        rule.route = route;
        Status status = all.add(std::move(rule));
        if (!status.ok()) return status;
      }
    }
  }
  return all;
}

Status RestRules::add(BoundRule rule) {
  const auto same = tree_.add(rule.method, rule.path, rules_.size());
  if (same) {
    return invalid_argument(of_method(*rule.route) + ": " + rule.method +
                            " has the same paths as that of the method " +
                            std::string(rules_[*same].route->method->path));
  }
  rules_.push_back(std::move(rule));
  return {};
}

RestRules::Match RestRules::find(std::string_view method, std::string_view path) const {
  RuleTree::Found found = tree_.find(method, path);
  if (!found.rule && method == "HEAD") {
    RuleTree::Found get = tree_.find("GET", path);
    if (get.rule) found = std::move(get);
  }
  Match match;
  if (found.rule) match.rule = &rules_[*found.rule];
  match.verb = found.verb;
  match.methods = std::move(found.methods);
  return match;
}

std::string RestRules::allowed(std::string_view path) const {
  // No method has this name, so all that there are come back.
  RuleTree::Found found = tree_.find({}, path);
  if (found.rule) return allow_list({"*"});
  return found.methods.empty() ? std::string() : allow_list(std::move(found.methods));
}

std::string allow_list(std::vector<std::string> methods) {
  const auto has = [&methods](std::string_view name) {
    return std::find(methods.begin(), methods.end(), name) != methods.end();
  };
  // A rule for every method says none.
  if (has("*")) methods = {"DELETE", "GET", "PATCH", "POST", "PUT"};
  if (has("GET") && !has("HEAD")) methods.emplace_back("HEAD");
  if (!has("OPTIONS")) methods.emplace_back("OPTIONS");
  std::sort(methods.begin(), methods.end());
  std::string list;
  for (const std::string& method : methods) list.append(list.empty() ? "" : ", ").append(method);
  return list;
}

}  // namespace weft::edge::rest
