#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <google/protobuf/message_lite.h>

#include "weft/base/bytes.h"
#include "weft/base/result.h"
#include "weft/coro/task.h"
#include "weft/rpc/call/call.h"
#include "weft/storage/event/event.h"
#include "weft/storage/sql/database.h"
#include "weft/transaction/branch.h"
#include "weft/transaction/fingerprint.h"
#include "weft/transaction/idempotency/idempotency_store.h"

/// The barrier's rows. Each branch has a place "do", which do and try write, and a place "end",
/// which undo, confirm and cancel write; whoever comes second finds the row.
namespace weft::transaction::internal {

/// Which row a call writes.
struct Entry {
  std::string
      id;  ///< "b/trip-4711/room" of a branch, "k/" and key_scope() of a key, "e/..." of an event
  Action action = Action::Do;
  Fingerprint request;
};

struct Entered {
  // No aggregate, as SavedReply.
  Entered() {}
  explicit Entered(SavedReply saved) : answered(true), reply(std::move(saved)) {}
  bool answered = false;  ///< the function must not run
  SavedReply reply{};
};

/// Which actions of a branch a handler serves; a call that has only a key counts as a do.
enum class Serves : std::uint8_t { DoAndTry, Undo, Confirm, Cancel };

/// INVALID_ARGUMENT where the call has neither a branch nor a key, or an action that is not served.
Result<Entry> entry_of(Call& call, const google::protobuf::MessageLite& request, Serves serves);
/// Of an event: INVALID_ARGUMENT where it has no source or no id.
Result<Entry> entry_of(const events::Event& event);

/// Writes the row, or finds how the call ended before.
Task<Result<Entered>> enter(sql::Transaction& transaction, const Entry& entry);
/// Completes the row that enter() has written.
Task<Status> keep(sql::Transaction& transaction, const Entry& entry, const SavedReply& reply);
/// Whether a call that ended with `error` keeps it: one of a do or try that its function has
/// remembered. Not where a later attempt ended otherwise: `remembered` is then an earlier one's.
bool is_kept(const Entry& entry, const Status& error, const Status& remembered) noexcept;
/// Keeps an error after its transaction was taken back; gives what is kept, perhaps another's.
Task<Result<SavedReply>> remember(sql::Database database, const Entry& entry, Status error);

/// An error of the barrier's own statements: UNAVAILABLE with the same text where its SQLSTATE is
/// of class 0A, 25, 28 or 55. These say how the database is, not that the call cannot succeed.
Status without_passing_faults(Status status);

Bytes serialized(const google::protobuf::MessageLite& message);
Status parse(const Bytes& bytes, google::protobuf::MessageLite& into);

}  // namespace weft::transaction::internal
