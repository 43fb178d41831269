#include "weft/middleware/reuse/call_key.h"

namespace weft {

CallKey by_method() {
  return [](const Call& call, std::string& key) { key.append(call.path()); };
}

CallKey by_metadata(std::string_view name) {
  return [name = std::string(name)](const Call& call, std::string& key) {
    key.append(call.request_metadata().get(name).value_or(std::string_view{}));
  };
}

CallKey by_peer() {
  return [](const Call& call, std::string& key) {
    if (call.peer() != nullptr) key.append(call.peer()->address.host());
  };
}

CallKey by_identity() {
  return [](const Call& call, std::string& key) {
    if (call.peer() == nullptr || call.peer()->identity() == nullptr) return;
    key.append(call.peer()->identity()->subject);
  };
}

}  // namespace weft
