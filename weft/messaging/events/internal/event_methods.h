#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "weft/base/result.h"
#include "weft/rpc/call/method.h"

namespace weft::messaging::internal {

/// Which method takes the events of a type: the unary one whose request is of that type and whose
/// response is google.protobuf.Empty.
class EventMethods {
 public:
  /// FAILED_PRECONDITION where no method takes events, or two take the same type.
  static Result<EventMethods> of(std::span<const ServiceDescriptor* const> services);

  /// Null where no method takes it.
  const MethodDescriptor* find(std::string_view type) const noexcept {
    const auto found = methods_.find(type);
    return found == methods_.end() ? nullptr : found->second;
  }

 private:
  Status add(std::string type, const MethodDescriptor& method);
  std::map<std::string, const MethodDescriptor*, std::less<>> methods_;
};

/// The full name of a generated method's request type. FAILED_PRECONDITION where the method is
/// not known, or not unary with an empty response: "one-way".
Result<std::string> event_type_of(std::string_view path);

}  // namespace weft::messaging::internal
