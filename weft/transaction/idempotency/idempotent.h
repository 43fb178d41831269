#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "weft/base/status.h"
#include "weft/base/time.h"
#include "weft/rpc/call/observer.h"
#include "weft/rpc/call/service.h"
#include "weft/transaction/idempotency/idempotency_store.h"

namespace weft::transaction {

/// What happens to a key whose call may have had an effect, but gave no definite answer: it ended
/// with UNAVAILABLE, DEADLINE_EXCEEDED, CANCELLED, UNKNOWN or INTERNAL, or its process died.
enum class UnknownOutcome : std::uint8_t {
  /// A duplicate does not run: it gets the same status, or UNKNOWN after a crash.
  Keep,
  /// A duplicate runs again. Only where effect and reply are in one transaction (Barrier::once()).
  RunAgain,
};
/// What happens to a call without a key.
enum class MissingKey : std::uint8_t { RunOnce, Refuse };

struct IdempotencyOptions {
  /// How long a reply is kept. Longer than any client repeats a call.
  Duration keep = std::chrono::hours(24);
  /// For how long a call is believed to be under way; after that its process counts as dead.
  Duration lease = std::chrono::minutes(1);
  /// How long a duplicate waits for the first call at most; its deadline may be earlier.
  Duration longest_wait = std::chrono::seconds(30);
  UnknownOutcome unknown = UnknownOutcome::Keep;
  MissingKey missing = MissingKey::RunOnce;
  /// A larger reply is delivered but not kept, in bytes; duplicates are told.
  std::size_t max_reply_size = std::size_t{1} << 20;
  /// The methods ("/pkg.Service/Method") that take part; empty: every unary one.
  std::vector<std::string> methods{};
  /// Told "idempotency": "replayed", "waited", "refused", "not_saved": the store did not take the
  /// reply.
  PolicyObserver* observer = nullptr;
};

/// INVALID_ARGUMENT naming the option that cannot be followed.
Status validate(const IdempotencyOptions& options);

/// For a server: a unary call with an `idempotency-key` runs once, and its duplicates get its
/// reply, with `idempotency-replayed: true` in the response metadata.
///
///     server.use(authentication(...));
///     server.use(transaction::idempotent(std::make_shared<transaction::MemoryReplies>()));
///
/// A duplicate that comes while the first call runs waits for it, within its own deadline, and gets
/// ABORTED after `longest_wait`. Another request under the same key gets FAILED_PRECONDITION, and a
/// key that cannot be one INVALID_ARGUMENT. Keys are the caller's own (key_scope()): stand behind
/// the middlewares that authenticate and that refuse calls. docs/guide/idempotency.md has the table
/// of what is kept. A reply's metadata is not kept, and a streaming call is not touched.
Middleware idempotent(std::shared_ptr<IdempotencyStore> store, IdempotencyOptions options = {});

}  // namespace weft::transaction
