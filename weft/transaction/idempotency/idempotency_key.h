#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "weft/base/result.h"
#include "weft/rpc/call/call.h"
#include "weft/rpc/call/metadata.h"
#include "weft/rpc/call/service.h"
#include "weft/transaction/fingerprint.h"

namespace weft::transaction {

/// The name of the metadata that carries the key (draft-ietf-httpapi-idempotency-key-header).
inline constexpr std::string_view kIdempotencyKey = "idempotency-key";
inline constexpr std::size_t kMostKey = 255;

/// For a channel: gives each unary call without one an idempotency key, a random UUID. Add it in
/// front of retry() and hedge(), so that all attempts of a call have the same key. Methods marked
/// `option idempotency_level = NO_SIDE_EFFECTS` get none.
///
///     channel.use(transaction::idempotency_keys());
///     channel.use(retry());
///
/// A caller that repeats a call by itself, after its process died for example, gives a key of its
/// own as metadata.
Middleware idempotency_keys();

/// The key of a call; nothing where it has none. INVALID_ARGUMENT where there are several, or it is
/// not 1 to 255 visible ASCII characters. The view is valid as long as the metadata is not changed.
Result<std::optional<std::string_view>> idempotency_key_of(const Metadata& metadata);

/// What a key is kept under: two callers, or two methods, never share one. The caller is
/// Call::principal(): scheme, issuer and subject; calls without an identity are one caller.
Fingerprint key_scope(const Call& call, std::string_view key);

}  // namespace weft::transaction
