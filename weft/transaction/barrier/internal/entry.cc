#include "weft/transaction/barrier/internal/entry.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "weft/storage/sql/error.h"
#include "weft/storage/sql/transact.h"
#include "weft/transaction/idempotency/idempotency_key.h"
#include "weft/transaction/internal/saved.h"

namespace weft::transaction::internal {
namespace {

constexpr std::string_view kDo = "do";
constexpr std::string_view kEnd = "end";

bool begins(Action action) noexcept { return action == Action::Do || action == Action::Try; }
bool takes_back(Action action) noexcept {
  return action == Action::Undo || action == Action::Cancel;
}
std::string_view place_of(Action action) noexcept { return begins(action) ? kDo : kEnd; }

struct Row {
  std::string action;
  Bytes request;
  std::optional<std::int64_t> code;
  std::optional<Bytes> message;
  std::optional<Bytes> details;
  std::optional<Bytes> reply;
};

/// Never a SELECT first: two that find nothing and then insert would wait for each other.
Task<Result<bool>> insert(sql::Transaction& tx, const Entry& entry, std::string_view place) {
  const Result<sql::Rows> inserted = co_await tx.run(
      "INSERT INTO weft_once(id, place, action, request) VALUES ($1, $2, $3, $4) "
      "ON CONFLICT (id, place) DO NOTHING",
      entry.id, place, name_of(entry.action), bytes_of(entry.request));
  if (!inserted.ok()) co_return inserted.status();
  co_return inserted->changed() == 1;
}

Task<Result<std::optional<Row>>> find(sql::Transaction& tx, const Entry& entry,
                                      std::string_view place) {
  return tx.maybe<Row>(
      "SELECT action, request, code, message, details, reply FROM weft_once "
      "WHERE id = $1 AND place = $2",
      entry.id, place);
}

std::string described(const Entry& entry) {
  return std::string(name_of(entry.action)) + " of \"" + entry.id.substr(2) + "\"";
}

Status other_request(const Entry& entry) {
  return failed_precondition("the " + described(entry) + " was made with another request before");
}

/// Of a do or try whose row was there.
Result<Entered> second_do(const Entry& entry, const Row& row) {
  if (row.action == name_of(Action::Undo) || row.action == name_of(Action::Cancel)) {
    // Not ABORTED, which says that the call may be repeated.
    return failed_precondition("the " + described(entry) + " comes late: its " + row.action +
                               " has come before it, so it has no effect");
  }
  if (row.request != bytes_of(entry.request)) return other_request(entry);
  if (!row.code) return internal_error("the row of the " + described(entry) + " has no reply");
  return Entered(reply_of(*row.code, row.message, row.details, row.reply));
}

/// Of an undo, confirm or cancel whose row was there.
Result<Entered> second_end(const Entry& entry, const Row& row) {
  if (row.action != name_of(entry.action)) {
    return failed_precondition("the " + described(entry) + " comes after its " + row.action);
  }
  if (row.request != bytes_of(entry.request)) return other_request(entry);
  if (!row.code) return internal_error("the row of the " + described(entry) + " has no reply");
  return Entered(reply_of(*row.code, row.message, row.details, row.reply));
}

/// Whether the do or try of an undo, confirm or cancel has had an effect.
Task<Result<bool>> has_effect(sql::Transaction& tx, const Entry& entry) {
  if (takes_back(entry.action)) {
    // Holds the place, so that a do that comes late finds it.
    const Result<bool> inserted = co_await insert(tx, entry, kDo);
    if (!inserted.ok() || *inserted) co_return inserted.ok() ? Result<bool>(false) : inserted;
  }
  const Result<std::optional<Row>> row = co_await find(tx, entry, kDo);
  if (!row.ok()) co_return row.status();
  co_return row->has_value() && (*row)->code == 0;
}

bool is_served(Action action, Serves serves) noexcept {
  switch (serves) {
    case Serves::Undo:
      return action == Action::Undo;
    case Serves::Confirm:
      return action == Action::Confirm;
    case Serves::Cancel:
      return action == Action::Cancel;
    default:
      return begins(action);
  }
}

std::string_view name_of(Serves serves) noexcept {
  switch (serves) {
    case Serves::Undo:
      return name_of(Action::Undo);
    case Serves::Confirm:
      return name_of(Action::Confirm);
    case Serves::Cancel:
      return name_of(Action::Cancel);
    default:
      return "do or try";
  }
}

Status not_served(Serves serves, std::string_view what) {
  return invalid_argument("the method serves the " + std::string(name_of(serves)) +
                          " of a branch, and the call has " + std::string(what));
}

}  // namespace

Result<Entry> entry_of(Call& call, const google::protobuf::MessageLite& request, Serves serves) {
  const Metadata& metadata = std::as_const(call).request_metadata();
  Entry entry;
  Result<std::optional<Branch>> branch = branch_of(metadata);
  if (!branch.ok()) return std::move(branch).status();
  entry.request = fingerprint_of(call.path(), serialized(request).view());
  if (*branch) {
    entry.id = "b/" + (*branch)->transaction + "/" + (*branch)->name;
    entry.action = (*branch)->action;
    if (is_served(entry.action, serves)) return entry;
    return not_served(serves, "weft-action: " + std::string(name_of(entry.action)));
  }
  if (!is_served(entry.action, serves)) return not_served(serves, "no weft-action");
  const Result<std::optional<std::string_view>> key = idempotency_key_of(metadata);
  if (!key.ok()) return key.status();
  if (!*key) {
    return invalid_argument(
        "the method needs an idempotency-key, or the weft-transaction, "
        "weft-branch and weft-action of a saga");
  }
  entry.id = "k/" + key_scope(call, **key).text();
  return entry;
}

Result<Entry> entry_of(const events::Event& event) {
  if (event.source.empty() || event.id.empty()) {
    return invalid_argument("an event needs a source and an id to be handled once");
  }
  Entry entry;
  entry.id = "e/" + fingerprint_of(event.source, event.id).text();
  entry.request = fingerprint_of(event.type, event.data.view());
  return entry;
}

Task<Result<Entered>> enter(sql::Transaction& tx, const Entry& entry) {
  bool effect = true;
  if (!begins(entry.action)) {
    const Result<bool> had = co_await has_effect(tx, entry);
    if (!had.ok()) co_return had.status();
    effect = *had;
  }
  const Result<bool> inserted = co_await insert(tx, entry, place_of(entry.action));
  if (!inserted.ok()) co_return inserted.status();
  if (!*inserted) {
    const Result<std::optional<Row>> row = co_await find(tx, entry, place_of(entry.action));
    if (!row.ok()) co_return row.status();
    if (!*row) co_return aborted("the row of the " + described(entry) + " was just removed");
    co_return begins(entry.action) ? second_do(entry, **row) : second_end(entry, **row);
  }
  if (effect) co_return Entered();
  if (entry.action == Action::Confirm) {
    co_return failed_precondition("the " + described(entry) + " has no try that succeeded");
  }
  Entered empty{SavedReply()};
  const Status kept = co_await keep(tx, entry, empty.reply);
  if (!kept.ok()) co_return kept;
  co_return empty;
}

Task<Status> keep(sql::Transaction& tx, const Entry& entry, const SavedReply& reply) {
  const Result<sql::Rows> kept = co_await tx.run(
      "UPDATE weft_once SET code = $3, message = $4, details = $5, reply = $6 "
      "WHERE id = $1 AND place = $2",
      entry.id, place_of(entry.action), static_cast<std::int64_t>(reply.status.code()),
      Bytes::copy_of(reply.status.message()), Bytes::copy_of(reply.status.details()),
      reply.message);
  co_return kept.status();
}

bool is_kept(const Entry& entry, const Status& error, const Status& remembered) noexcept {
  return begins(entry.action) && !remembered.ok() && error == remembered;
}

namespace {

Task<Result<SavedReply>> remember_in(sql::Transaction& tx, const Entry*& entry, Status& error) {
  Result<Entered> entered = co_await enter(tx, *entry);
  if (!entered.ok()) co_return std::move(entered).status();
  if (entered->answered) co_return std::move(entered->reply);
  SavedReply saved(error);
  Status kept = co_await keep(tx, *entry, saved);
  if (!kept.ok()) co_return kept;
  co_return std::move(saved);
}

}  // namespace

Task<Result<SavedReply>> remember(sql::Database database, const Entry& entry, Status error) {
  co_return co_await sql::transact(database, remember_in, &entry, std::move(error));
}

Status without_passing_faults(Status status) {
  const std::optional<sql::ErrorDetail> detail = sql::error_detail(status);
  if (!detail) return status;
  const std::string_view kind = std::string_view(detail->sqlstate).substr(0, 2);
  if (kind != "0A" && kind != "25" && kind != "28" && kind != "55") return status;
  // Without the details, which have the code that it no longer is.
  return unavailable(status.message()).with_origin(status.origin());
}

Bytes serialized(const google::protobuf::MessageLite& message) {
  std::string text;
  {
    google::protobuf::io::StringOutputStream stream(&text);
    google::protobuf::io::CodedOutputStream out(&stream);
    // Maps would come in any order else, and two equal requests look different.
    out.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&out);
  }
  return Bytes::copy_of(text);
}

Status parse(const Bytes& bytes, google::protobuf::MessageLite& into) {
  if (into.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return ok_status();
  return internal_error("the saved reply is no " + into.GetTypeName());
}

}  // namespace weft::transaction::internal
