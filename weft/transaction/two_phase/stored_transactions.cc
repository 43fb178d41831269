#include "weft/transaction/two_phase/stored_transactions.h"

#include <optional>
#include <utility>

#include "weft/transaction/two_phase/internal/transaction_store.h"

namespace weft::transaction {
namespace {

constexpr std::size_t kMostNote = 10'000;

}  // namespace

std::string_view name_of(TransactionState state) noexcept {
  switch (state) {
    case TransactionState::Committing:
      return "committing";
    case TransactionState::Heuristic:
      return "heuristic";
    case TransactionState::HeuristicCommit:
      return "heuristic commit";
    case TransactionState::Closed:
      return "closed";
  }
  return "unknown";
}

Task<Result<StoredTransactions>> StoredTransactions::open(sql::Database database) {
  auto store = std::make_shared<internal::TransactionStore>(std::move(database));
  const Status status = co_await store->look_up();
  if (!status.ok()) co_return status;
  co_return StoredTransactions(std::move(store));
}

Task<Result<std::vector<TransactionRecord>>> StoredTransactions::list(
    std::vector<TransactionState> states, std::size_t most) {
  return store_->list(std::move(states), most);
}

Task<Result<TransactionRecord>> StoredTransactions::find(std::string id) {
  Result<std::optional<TransactionRecord>> record = co_await store_->find(id);
  if (!record.ok()) co_return record.status();
  if (record->has_value()) co_return **std::move(record);
  co_return not_found("there is no record of a transaction \"" + id + "\"");
}

Task<Status> StoredTransactions::resolve(std::string id, std::string note) {
  if (note.empty() || note.size() > kMostNote) {
    co_return invalid_argument("the note has " + std::to_string(note.size()) +
                               " bytes; it may have 1 to " + std::to_string(kMostNote));
  }
  const Result<TransactionRecord> record = co_await find(id);
  if (!record.ok()) co_return record.status();
  const std::string kept = record->note + "resolved: " + note + "\n";
  const Result<bool> closed = co_await store_->close(id, kept);
  if (!closed.ok()) co_return closed.status();
  if (*closed) co_return ok_status();
  co_return failed_precondition("transaction \"" + id + "\" is closed already");
}

}  // namespace weft::transaction
