#include "weft/registry/internal/said_by.h"

namespace weft::registry {

Status said_by(std::string_view kind, const std::string& address, const Status& status) {
  std::string who(kind);
  if (!status.message().starts_with(address + ": ")) {
    return status.with_prefix(who.append(" ").append(address));
  }
  return Status(status.code(), who.append(" ").append(status.message()), status.origin());
}

}  // namespace weft::registry
