#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "weft/base/result.h"
#include "weft/edge/rest/internal/bound_rule.h"
#include "weft/edge/rest/internal/rule_tree.h"

namespace weft::rpc {
class Dispatcher;
}

namespace weft::edge::rest {

/// The rules of a server's services, on `tables`. Immutable, so all loops use it.
class RestRules {
 public:
  /// Of the services whose descriptors are in protobuf's generated pool. INVALID_ARGUMENT naming
  /// the method and what is wrong with its rule, and for two methods that have the same paths.
  static Result<RestRules> of(const rpc::Dispatcher& dispatcher, const codec::Tables& tables);

  struct Match {
    const BoundRule* rule = nullptr;  ///< null: there is none
    std::string_view verb;
    std::vector<std::string> methods;  ///< that the path has, where `rule` is null
  };
  /// A HEAD without a rule is a GET.
  Match find(std::string_view method, std::string_view path) const;
  /// What Allow says of a path (RFC 9110 section 10.2.1); empty where it has no rule.
  std::string allowed(std::string_view path) const;
  /// Whether a path, which may have no rule, is one of this service: rules begin with the same
  /// segment.
  bool claims(std::string_view path) const { return tree_.begins(path); }
  bool empty() const noexcept { return rules_.empty(); }
  /// Those of a method one behind the other.
  const std::vector<BoundRule>& all() const noexcept { return rules_; }

 private:
  Status add(BoundRule rule);

  std::vector<BoundRule> rules_;
  RuleTree tree_;
};

/// A list of methods for Allow.
std::string allow_list(std::vector<std::string> methods);

}  // namespace weft::edge::rest
