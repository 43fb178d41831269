#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "weft/base/result.h"
#include "weft/coro/context.h"
#include "weft/coro/semaphore.h"
#include "weft/coro/task.h"
#include "weft/net/loop/loop.h"
#include "weft/storage/sql/database.h"
#include "weft/transaction/internal/work.h"
#include "weft/transaction/two_phase/participant.h"
#include "weft/transaction/two_phase/postgres_branches.h"

namespace weft::transaction::internal {

/// A branch whose calls run; in memory only, and gone with the process.
struct OpenBranch {
  TwoPhaseBranch id;
  std::string gid;
  /// Begun by the first call, and gone where the branch is doomed.
  std::optional<sql::Transaction> transaction;
  std::set<std::uint32_t> served;  ///< numbers of calls
  bool doomed = false;
  bool ended = false;  ///< who has the turn ends it, or has
  TimePoint last_used{};
  Semaphore turn{1};

  /// Whether it has served each of 1 to `calls`, all with success.
  bool is_complete(std::uint32_t calls) const;
  /// Gives the locks and the connection back at once; it votes against.
  void doom();
};
using OpenBranchPtr = std::shared_ptr<OpenBranch>;

/// The open branches of a PostgresBranches. Belongs to one loop.
class OpenBranches : public std::enable_shared_from_this<OpenBranches> {
 public:
  OpenBranches(sql::Database database, PostgresBranchesOptions options);
  OpenBranches(const OpenBranches&) = delete;
  OpenBranches& operator=(const OpenBranches&) = delete;

  /// From now on those that nobody uses are rolled back.
  void start() { sweeping_.start(context_, keep_sweeping()); }

  /// FAILED_PRECONDITION on another loop.
  Status check_loop() const;
  /// The branch of a call, opened by its first one; as PostgresBranches::work() has the errors.
  Task<Result<BranchVisit>> enter(WorkCall call);

  /// A branch that is alone with who took it, and among the open ones until this goes: others who
  /// want to end it wait for that, and find what has become of it in the database.
  class Taken {
   public:
    Taken() {}
    Taken(Taken&&) noexcept = default;
    Taken& operator=(Taken&&) = delete;
    ~Taken();
    OpenBranchPtr branch;  ///< null: it is not open
    Semaphore::Permit turn;
    std::shared_ptr<OpenBranches> from;
  };
  /// Takes a branch, when its calls have ended. FAILED_PRECONDITION where it is another
  /// coordinator's.
  Task<Result<Taken>> take(TwoPhaseBranch branch);

  sql::Database& database() noexcept { return database_; }
  const PostgresBranchesOptions& options() const noexcept { return options_; }
  std::size_t size() const noexcept { return open_.size(); }

 private:
  Result<OpenBranchPtr> find_or_open(const TwoPhaseBranch& branch);
  Status admit(OpenBranch& open, std::uint32_t number) const;
  void remove(const OpenBranch& open);
  Task<> keep_sweeping();

  sql::Database database_;
  PostgresBranchesOptions options_;
  net::Loop& loop_;
  std::map<std::string, OpenBranchPtr> open_;  ///< by TwoPhaseBranch::text()
  Context context_;
  Work sweeping_;
};

struct BranchVisit::State {
  net::Loop& loop;  ///< the branch's, for a call that is destroyed outside of any
  OpenBranchPtr branch;
  Semaphore::Permit turn;  // goes first
};

}  // namespace weft::transaction::internal
