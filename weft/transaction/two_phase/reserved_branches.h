#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <google/protobuf/message_lite.h>

#include "weft/base/bytes.h"
#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/coro/task.h"
#include "weft/rpc/server/server_context.h"
#include "weft/storage/sql/database.h"
#include "weft/transaction/barrier/internal/entry.h"
#include "weft/transaction/two_phase/participant.h"

namespace weft::transaction {

namespace internal {

/// The three functions of a kind of work, with requests and replies as bytes.
struct ReservedWork {
  std::function<Task<Result<Bytes>>(sql::Transaction&, Bytes)> reserve;
  std::function<Task<Status>(sql::Transaction&, Bytes)> apply;
  std::function<Task<Status>(sql::Transaction&, Bytes)> release;
};

template <class Reply, class Request>
Task<Result<Bytes>> run_reserve(Task<Result<Reply>> (*function)(sql::Transaction&, const Request&),
                                sql::Transaction& in, Bytes encoded) {
  Request request;
  Status status = parse(encoded, request);
  if (!status.ok()) co_return status;
  const Result<Reply> reply = co_await function(in, request);
  if (!reply.ok()) co_return reply.status();
  co_return serialized(*reply);
}

template <class Request>
Task<Status> run_end(Task<Status> (*function)(sql::Transaction&, const Request&),
                     sql::Transaction& in, Bytes encoded) {
  Request request;
  Status status = parse(encoded, request);
  if (!status.ok()) co_return status;
  co_return co_await function(in, request);
}

}  // namespace internal

/// Branches for a database that prepares no transactions, as SQLite, or one whose locks must not be
/// held: each call reserves what it needs and is stored with its request, in one transaction; the
/// decision applies or releases that, in another. So both survive a crash and a loss of power.
///
///     branches->add<Amount, Amount>("withdraw", hold, take, let_go);
///     Task<Result<Amount>> Withdraw(ServerContext& context, const Amount& request) override {
///       return branches_->work<Amount>("withdraw", context, request);
///     }
///
/// It is all or nothing, and not isolated: others see the reservation, so the program keeps it
/// apart from what is free ("held"). `apply` must not depend on anything that is not reserved: the
/// promise to commit is only as good as that. Used on any loop, once every kind was added.
class ReservedBranches final : public Participant {
 public:
  /// Makes the table `weft_reservation` where there is none. FAILED_PRECONDITION where a newer
  /// program has made it.
  static Task<Result<std::shared_ptr<ReservedBranches>>> open(sql::Database database);

  /// A kind of work, before the first call and the first recovery; `name`, as Branch has them, is
  /// stored with each call. `reserve` may refuse; `apply` and `release` are repeated until they
  /// succeed. ALREADY_EXISTS: the name is taken.
  template <class Request, class Reply>
  Status add(std::string name, Task<Result<Reply>> (*reserve)(sql::Transaction&, const Request&),
             Task<Status> (*apply)(sql::Transaction&, const Request&),
             Task<Status> (*release)(sql::Transaction&, const Request&)) {
    internal::ReservedWork work;
    work.reserve = [reserve](sql::Transaction& in, Bytes request) {
      return internal::run_reserve<Reply, Request>(reserve, in, std::move(request));
    };
    work.apply = [apply](sql::Transaction& in, Bytes request) {
      return internal::run_end<Request>(apply, in, std::move(request));
    };
    work.release = [release](sql::Transaction& in, Bytes request) {
      return internal::run_end<Request>(release, in, std::move(request));
    };
    return add_work(std::move(name), std::move(work));
  }

  /// Serves a call of a branch (work_call_of()): reserves, and stores the request, or neither where
  /// `reserve` gives an error, which dooms the branch.
  ///
  /// - INVALID_ARGUMENT: the call has no branch. NOT_FOUND: no such kind was added.
  /// - ABORTED: the branch has ended, or the call came before.
  /// - FAILED_PRECONDITION: the branch is another coordinator's.
  template <class Reply, class Request>
  Task<Result<Reply>> work(std::string_view name, ServerContext& context, const Request& request) {
    return reply_of<Reply>(reserve(std::string(name), work_call_of(context.metadata()),
                                   internal::serialized(request)));
  }

  Task<Result<Vote>> prepare(TwoPhaseBranch branch, std::uint32_t calls) override;
  Task<Result<BranchEnd>> commit(TwoPhaseBranch branch) override;
  Task<Result<BranchEnd>> abort(TwoPhaseBranch branch) override;
  /// Those that are reserved and not prepared too: the coordinator may have died before its vote.
  Task<Result<std::vector<InDoubt>>> in_doubt(std::size_t most) override;

  /// As in_doubt(), of a database that is not open as a participant: for people's tools. NOT_FOUND
  /// where it has no reservations' table.
  static Task<Result<std::vector<InDoubt>>> in_doubt_in(sql::Database database, std::size_t most);

  /// Removes the traces of branches that ended so long ago: to be longer than any decision or call
  /// is late. How many rows.
  [[nodiscard]] Task<Result<std::uint64_t>> forget(Duration older);

 private:
  class Impl;
  explicit ReservedBranches(std::shared_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
  Status add_work(std::string name, internal::ReservedWork work);
  Task<Result<Bytes>> reserve(std::string name, Result<WorkCall> call, Bytes request);
  template <class Reply>
  static Task<Result<Reply>> reply_of(Task<Result<Bytes>> task) {
    const Result<Bytes> encoded = co_await std::move(task);
    if (!encoded.ok()) co_return encoded.status();
    Reply reply;
    Status status = internal::parse(*encoded, reply);
    if (!status.ok()) co_return status;
    co_return reply;
  }

  std::shared_ptr<Impl> impl_;
};

}  // namespace weft::transaction
