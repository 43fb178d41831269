#include "weft/transaction/idempotency/idempotency_key.h"

#include <algorithm>
#include <string>
#include <utility>

#include "weft/base/text/printable.h"
#include "weft/middleware/reuse/call_key.h"
#include "weft/storage/event/uuid.h"

namespace weft::transaction {
namespace {

Task<Status> add_key(Call& call, Next next) {
  const MethodDescriptor* const method = call.method();
  const bool wanted =
      method != nullptr && method->kind == MethodKind::Unary && !method->no_side_effects;
  if (wanted && !std::as_const(call).request_metadata().get(kIdempotencyKey)) {
    call.request_metadata().add(kIdempotencyKey, events::random_uuid(call.loop().rng()));
  }
  return next(call);
}

Status check_key(std::string_view key) {
  if (key.empty()) return invalid_argument("idempotency-key is empty");
  if (key.size() > kMostKey) {
    return invalid_argument("idempotency-key has " + std::to_string(key.size()) +
                            " characters, more than the " + std::to_string(kMostKey) +
                            " that it may have");
  }
  if (std::ranges::all_of(key, [](char c) { return c > ' ' && c < '\x7f'; })) return ok_status();
  return invalid_argument("idempotency-key \"" + printable(key) +
                          "\" has something else than visible ASCII characters");
}

}  // namespace

Middleware idempotency_keys() { return Middleware(add_key); }

Result<std::optional<std::string_view>> idempotency_key_of(const Metadata& metadata) {
  std::optional<std::string_view> key;
  for (const Metadata::Entry entry : metadata) {
    if (entry.name != kIdempotencyKey) continue;
    if (key) return invalid_argument("the call has several fields \"idempotency-key\"");
    key = entry.value;
  }
  if (!key) return key;
  if (Status status = check_key(*key); !status.ok()) return status;
  return key;
}

Fingerprint key_scope(const Call& call, std::string_view key) {
  static const CallKey caller = by_principal();
  std::string scope;
  caller(call, scope);
  // Neither a path nor a key has a zero byte, so no two scopes look alike.
  scope.push_back('\0');
  scope.append(call.path());
  return fingerprint_of(scope, key);
}

}  // namespace weft::transaction
