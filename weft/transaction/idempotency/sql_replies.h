#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "weft/base/result.h"
#include "weft/coro/task.h"
#include "weft/storage/sql/database.h"
#include "weft/transaction/idempotency/idempotency_store.h"

namespace weft::transaction {

/// Replies of idempotent calls in SQLite or PostgreSQL: for many instances of a service, and kept
/// over restarts. Two short transactions a call; the times are those of the database's clock.
///
/// Where the process dies between the handler's effect and finish(), the store knows no reply: see
/// UnknownOutcome. Barrier::once() has effect and reply in one transaction instead.
class SqlReplies final : public IdempotencyStore {
 public:
  /// Makes the table `weft_replies` where there is none. FAILED_PRECONDITION where a newer program
  /// has made it.
  static Task<Result<std::shared_ptr<SqlReplies>>> open(sql::Database database);
  ~SqlReplies() override;

  Task<Result<Begun>> begin(Fingerprint id, Fingerprint request, Rule rule) override;
  Task<Status> finish(Fingerprint id, std::uint64_t token, SavedReply reply,
                      Duration keep) override;
  Task<Status> release(Fingerprint id, std::uint64_t token) override;

 private:
  struct Statements;
  SqlReplies(sql::Database database, std::unique_ptr<const Statements> statements);
  Task<Result<bool>> insert(std::string id, Fingerprint request, std::uint64_t token, Rule rule);
  Task<Status> forget_some();
  Task<void> give_back(Fingerprint id, std::uint64_t token);

  sql::Database database_;
  std::unique_ptr<const Statements> statements_;
  std::atomic<std::uint64_t> begun_{0};
};

}  // namespace weft::transaction
