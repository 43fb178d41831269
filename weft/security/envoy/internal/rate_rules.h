#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "weft/base/result.h"
#include "weft/security/envoy/internal/wire.h"

namespace weft::security::internal {

using RateUnit = rls::RateLimitResponse::RateLimit::Unit;

/// So many calls in each unit of time.
struct RateRule {
  std::uint32_t calls = 0;
  RateUnit unit{};
};
std::chrono::seconds length_of(RateUnit unit) noexcept;

/// A step of descriptors: what is below a key, or a key and its value.
struct RateNode {
  std::optional<RateRule> rule{};
  std::map<std::string, RateNode, std::less<>> by_value{};  ///< "key=value"
  std::map<std::string, RateNode, std::less<>> by_key{};
};

/// The limits of all domains. Immutable.
class RateRules {
 public:
  /// INVALID_ARGUMENT with the path, the value and what was expected for each thing that is wrong.
  static Result<RateRules> parse(std::string_view json);

  /// The rule for a descriptor; null where none limits it.
  const RateRule* find(std::string_view domain, const rls::RateLimitDescriptor& descriptor) const;

 private:
  std::map<std::string, RateNode, std::less<>> domains_;
};

}  // namespace weft::security::internal
