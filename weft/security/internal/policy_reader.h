#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "weft/base/result.h"
#include "weft/security/internal/rule.h"

namespace weft::security {

/// A policy as its JSON says it.
struct PolicyRules {
  std::string name;
  std::vector<Rule> deny;
  std::vector<Rule> allow;
  AuditCondition audit = AuditCondition::Never;
};

/// INVALID_ARGUMENT naming each place that is wrong.
Result<PolicyRules> read_policy(std::string_view json);

}  // namespace weft::security
