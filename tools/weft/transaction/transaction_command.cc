#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <CLI/App.hpp>
#include <unistd.h>

#include "weft/transaction/two_phase/postgres_branches.h"
#include "weft/transaction/two_phase/reserved_branches.h"
#include "weft/transaction/two_phase/stored_transactions.h"

#include "tools/weft/call/status_text.h"
#include "tools/weft/commands.h"
#include "tools/weft/store/sql_store.h"
#include "tools/weft/store/store_command.h"
#include "tools/weft/transaction/transaction_text.h"

namespace weft::cli {
namespace {

using transaction::StoredTransactions;
using transaction::TransactionState;

constexpr const char* kExamples = R"(Examples:
  weft transaction list /var/lib/office/office.db
  weft transaction list postgres://office@db1/office --json
  weft transaction in-doubt postgres://bank@db2/bank
  weft transaction resolve office.db 8a4c01b2 --note "booked by hand, ticket 4711"

STORE is a file of SQLite's, sqlite:FILE, or a URL of PostgreSQL: of `list` and `resolve` the
coordinators' store, of `in-doubt` a participant's database.)";

struct TransactionFlags : StoreFlags {
  std::string note;
  bool closed = false;
};
using Flags = std::shared_ptr<const TransactionFlags>;

constexpr auto kRows = [](const auto& items) { return rows_of(items); };
constexpr auto kJson = [](const auto& item) { return json_of(item); };

Task<Result<StoredTransactions>> open_transactions(std::string store, sql::Access access) {
  Result<sql::Database> database = co_await open_database(std::move(store), access);
  if (!database.ok()) co_return database.status();
  co_return co_await StoredTransactions::open(*std::move(database));
}

Task<int> list(Flags flags) {
  Result<StoredTransactions> transactions =
      co_await open_transactions(flags->store, sql::Access::ReadOnly);
  if (!transactions.ok()) co_return report(transactions.status());
  std::vector<TransactionState> states = {TransactionState::Committing, TransactionState::Heuristic,
                                          TransactionState::HeuristicCommit};
  if (flags->closed) states.assign(1, TransactionState::Closed);
  const auto found = co_await transactions->list(std::move(states), flags->most);
  if (!found.ok()) co_return report(found.status());
  print(*found, *flags, "no such transactions", kRows, kJson);
  co_return 0;
}

/// Reservations and, in PostgreSQL, prepared transactions.
Task<Result<std::vector<WaitingBranch>>> waiting_in(std::string store, std::size_t most) {
  const bool is_postgres = store.starts_with("postgres");
  Result<sql::Database> database = co_await open_database(std::move(store), sql::Access::ReadOnly);
  if (!database.ok()) co_return database.status();
  std::vector<WaitingBranch> all;
  if (is_postgres) {
    const auto prepared = co_await transaction::PostgresBranches::in_doubt_in(*database, most);
    if (!prepared.ok()) co_return prepared.status();
    for (const transaction::InDoubt& one : *prepared) {
      const Result<std::string> gid = transaction::PostgresBranches::gid_of(one.branch);
      if (!gid.ok()) co_return gid.status();
      all.push_back({one, *gid});
    }
  }
  const auto reserved = co_await transaction::ReservedBranches::in_doubt_in(*database, most);
  if (!reserved.ok() && reserved.status().code() != StatusCode::NotFound) {
    co_return reserved.status();
  }
  if (reserved.ok()) {
    for (const transaction::InDoubt& one : *reserved) all.push_back({one, ""});
  }
  co_return all;
}

Task<int> in_doubt(Flags flags) {
  const Result<std::vector<WaitingBranch>> found = co_await waiting_in(flags->store, flags->most);
  if (!found.ok()) co_return report(found.status());
  print(*found, *flags, "no branch is in doubt", kRows, kJson);
  co_return 0;
}

Task<int> resolve(Flags flags) {
  Result<StoredTransactions> transactions =
      co_await open_transactions(flags->store, sql::Access::ReadWrite);
  if (!transactions.ok()) co_return report(transactions.status());
  const Status status = co_await transactions->resolve(flags->id, flags->note);
  co_return report(status);
}

}  // namespace

void add_transaction_command(CLI::App& app, Command& chosen) {
  CLI::App& command = *app.add_subcommand(
      "transaction",
      "Look into the two-phase commits of a store, and close what a person resolved");
  command.footer(kExamples);
  command.require_subcommand(1);
  const auto [list_command, list_flags] =
      add_store_command(command, chosen, "list",
                        "List decided transactions that wait for a branch or a person", list);
  add_list_flags(*list_command, *list_flags);
  list_command->add_flag("--closed", list_flags->closed, "Those that a person has closed instead");
  const auto [doubt_command, doubt_flags] =
      add_store_command(command, chosen, "in-doubt",
                        "List branches of a participant that wait for a decision", in_doubt);
  add_list_flags(*doubt_command, *doubt_flags);
  const auto [resolve_command, resolve_flags] = add_store_command(
      command, chosen, "resolve", "Close a transaction that a person has seen to", resolve);
  resolve_command->add_option("ID", resolve_flags->id, "The transaction")->required();
  resolve_command->add_option("--note", resolve_flags->note, "What was done; kept with the record")
      ->required();
}

}  // namespace weft::cli
