#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "weft/security/authorization_policy.h"
#include "weft/security/internal/pattern.h"

namespace weft::security {

/// What a rule asks of one name of metadata.
struct HeaderCondition {
  std::string key;  // lower case
  std::vector<Pattern> values;
};

/// One rule: all that it has must hold; of each list, one.
struct Rule {
  std::string name;                 // "policy_rule"
  std::vector<Pattern> principals;  // empty: any caller, also one without TLS
  std::vector<Pattern> paths;       // empty: any
  std::vector<HeaderCondition> headers;
};

/// What a rule leads to. Metadata that comes several times counts as one value with commas, as in
/// gRPC; a rule that denies also looks at each value by itself, or a second one would hide the
/// first (GHSA-ghc4-35x6-crw5).
enum class Effect : std::uint8_t { Deny, Allow };

/// The part of a rule that a call does not meet: "principals", "paths", "headers: x-team"; empty
/// if it meets all.
std::string unmet_condition(const Rule& rule, Effect effect, const AuthorizationRequest& request);
/// Whether the call meets all of it. Allocates only for metadata that comes several times.
bool matches(const Rule& rule, Effect effect, const AuthorizationRequest& request);

}  // namespace weft::security
