#pragma once

#include <string>
#include <string_view>

#include "weft/base/result.h"
#include "weft/rpc/call/call.h"

namespace weft::security::internal {

/// The value of a field of a call's metadata, by its name in lower case; null where there is none.
/// UNAUTHENTICATED where there are several: another reader could take the call for another
/// caller's. Points into the call's metadata.
inline Result<std::string_view> only_field(const Call& call, std::string_view name) {
  std::string_view value;
  for (const Metadata::Entry entry : call.request_metadata()) {
    if (entry.name != name) continue;
    if (value.data() != nullptr) {
      return unauthenticated("the call has several fields \"" + std::string(name) + "\"");
    }
    value = entry.value;
  }
  return value;
}

}  // namespace weft::security::internal
