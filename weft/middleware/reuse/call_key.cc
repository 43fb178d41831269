#include "weft/middleware/reuse/call_key.h"

#include "weft/middleware/reuse/internal/key_parts.h"

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
    const Peer* const peer = call.peer();
    if (peer != nullptr) key.append(peer->has_address() ? peer->address.host() : peer->describe());
  };
}

CallKey by_principal() {
  return [](const Call& call, std::string& key) {
    if (const Principal* who = call.principal()) middleware::append_caller(*who, key);
  };
}

CallKey by_identity() {
  return [](const Call& call, std::string& key) {
    if (call.peer() == nullptr) return;
    if (const Principal* who = call.peer()->principal().get()) middleware::append_caller(*who, key);
  };
}

}  // namespace weft
