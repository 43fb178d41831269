#include "weft/middleware/reuse/internal/shared_answer.h"

#include <algorithm>

#include "weft/middleware/reuse/internal/key_parts.h"

namespace weft::middleware {
namespace {

/// As many as there are, then each.
void append_metadata(const Call& call, std::string_view name, std::string& key) {
  const std::vector<std::string_view> values = call.request_metadata().get_all(name);
  append_part(std::to_string(values.size()), key);
  for (const std::string_view value : values) append_part(value, key);
}

/// All that is known of the caller: an answer may depend on each role and claim.
void append_principal(const Principal& who, std::string& key) {
  append_caller(who, key);
  append_part(std::to_string(who.roles.size()), key);
  for (const std::string& role : who.roles) append_part(role, key);
  append_part(std::to_string(who.claims.size()), key);
  for (const auto& [name, value] : who.claims) {
    append_part(name, key);
    append_part(value, key);
  }
}

/// What a handler may tell callers apart by.
void append_caller_of(const Call& call, const std::vector<std::string>& vary, std::string& key) {
  constexpr std::string_view kCredentials = "authorization";
  if (std::find(vary.begin(), vary.end(), kCredentials) == vary.end()) {
    append_metadata(call, kCredentials, key);
  }
  const bool connected = call.side() == Call::Side::Server && call.peer() != nullptr;
  const net::CertificateInfo* const shown = connected ? call.peer()->identity() : nullptr;
  append_part(shown != nullptr ? std::string_view(shown->fingerprint) : std::string_view(), key);
  const Principal* const who = call.principal();
  key.push_back(who != nullptr ? '1' : '0');
  if (who != nullptr) append_principal(*who, key);
}

}  // namespace

bool may_share_answer(const Call& call, const std::vector<std::string>& methods) {
  const MethodDescriptor* const method = call.method();
  if (method == nullptr || method->kind != MethodKind::Unary) return false;
  return method->no_side_effects ||
         std::find(methods.begin(), methods.end(), call.path()) != methods.end();
}

std::string answer_key(const Call& call, const SharingRules& rules, const Bytes& request) {
  std::string key;
  key.reserve(call.path().size() + request.size() + 64);
  append_part(call.path(), key);
  append_part(call.codec() == nullptr ? std::string_view() : call.codec()->name(), key);
  for (const std::string& name : rules.vary) append_metadata(call, name, key);
  if (!rules.across_principals) append_caller_of(call, rules.vary, key);
  key.append(request.view());
  return key;
}

}  // namespace weft::middleware
