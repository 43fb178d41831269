#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "weft/base/function.h"
#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/coro/task.h"
#include "weft/rpc/server/server_context.h"
#include "weft/storage/event/event.h"
#include "weft/storage/sql/database.h"
#include "weft/storage/sql/transact.h"
#include "weft/transaction/barrier/internal/entry.h"
#include "weft/transaction/internal/reply_type.h"

namespace weft::transaction {

/// The business transaction of a call that takes effect once: what runs in it is committed together
/// with the call's key and its reply. There is no commit to forget: Barrier::once() commits where
/// the function gives a reply, and else takes everything back.
class OnceTransaction final : public sql::Queryable {
 public:
  explicit OnceTransaction(sql::Transaction& transaction) noexcept : transaction_(transaction) {}
  OnceTransaction(const OnceTransaction&) = delete;
  OnceTransaction& operator=(const OnceTransaction&) = delete;

  /// For an error that is definite, so that a later call would end with it as well although the
  /// world has changed: "no money". The effects are taken back, and duplicates get this error:
  ///
  ///     co_return tx.remember(failed_precondition("no money"));
  ///
  /// An error that is returned without it is not kept: the call may be made again. So is each error
  /// of an undo, confirm or cancel, also with remember(): those are made again until they succeed.
  Status remember(Status status) {
    remembered_ = status;
    return status;
  }
  /// Called once this transaction is committed, in the order of their coming; not after a crash.
  void after_commit(UniqueFunction<void()> function) {
    after_commit_.push_back(std::move(function));
  }

  // For Barrier::once().
  const Status& remembered() const noexcept { return remembered_; }
  std::vector<UniqueFunction<void()>> take_after_commit() { return std::move(after_commit_); }

 private:
  Task<Result<sql::Rows>> execute(sql::Statement statement) override {
    return transaction_.run(std::move(statement));
  }
  sql::Transaction& transaction_;
  Status remembered_;
  std::vector<UniqueFunction<void()>> after_commit_;
};

namespace internal {

/// What a function gives, as a Result.
template <class F, class Request, class... Args>
using OutcomeOf = typename std::invoke_result_t<std::decay_t<F>&, OnceTransaction&, const Request&,
                                                std::decay_t<Args>&...>::value_type;

/// A function from a request to a Result of a reply.
template <class F, class Request, class... Args>
concept Replies = std::derived_from<Request, google::protobuf::MessageLite> &&
                  kIsReply<OutcomeOf<F, Request, Args...>>;

/// What the attempts of one call have in common.
template <class Reply, class Request>
struct OnceRun {
  Entry entry;
  const Request* request;
  std::optional<Reply> reply;  // of the attempt that ran the function
  Status remembered;
  Status failed;  // what the function of the last attempt that ran it ended with
  std::vector<UniqueFunction<void()>> after_commit;
};

/// The reply of what gives none.
struct Nothing {};
inline Bytes serialized(const Nothing&) { return {}; }
inline Status parse(const Bytes&, Nothing&) { return ok_status(); }

/// A function that gives a Status as one that gives a Result.
template <class F>
struct GivingNothing {
  F function;
  template <class Request, class... Args>
  Task<Result<Nothing>> operator()(OnceTransaction& transaction, const Request& request,
                                   Args&... args) {
    Status status = co_await function(transaction, request, args...);
    if (!status.ok()) co_return status;
    co_return Nothing();
  }
};

template <class Reply, class Request, class F, class... Args>
Task<Result<SavedReply>> attempt_once(sql::Transaction& transaction, OnceRun<Reply, Request>* run,
                                      F& function, Args&... args) {
  run->reply.reset();
  run->remembered = Status();
  run->failed = Status();
  run->after_commit.clear();
  Result<Entered> entered = co_await enter(transaction, run->entry);
  if (!entered.ok()) co_return std::move(entered).status();
  if (entered->answered) co_return std::move(entered->reply);
  OnceTransaction once(transaction);
  Result<Reply> reply = co_await function(once, *run->request, args...);
  run->remembered = once.remembered();
  run->failed = reply.status();
  if (!reply.ok()) co_return std::move(reply).status();
  SavedReply saved;
  saved.message = serialized(*reply);
  Status kept = co_await keep(transaction, run->entry, saved);
  if (!kept.ok()) co_return kept;
  run->reply.emplace(*std::move(reply));
  run->after_commit = once.take_after_commit();
  co_return std::move(saved);
}

template <class Reply, class Request, class F, class... Args>
Task<Result<Reply>> run_once(sql::Database database, Result<Entry> entry, const Request& request,
                             F function, Args... args) {
  if (!entry.ok()) co_return std::move(entry).status();
  OnceRun<Reply, Request> run{*std::move(entry), &request, std::nullopt, Status(), Status(), {}};
  Result<SavedReply> saved =
      co_await sql::transact(database, &attempt_once<Reply, Request, F, Args...>, &run,
                             std::move(function), std::move(args)...);
  if (!saved.ok() && is_kept(run.entry, saved.status(), run.remembered)) {
    saved = co_await remember(database, run.entry, run.remembered);
  }
  if (!saved.ok()) {
    // The function's own errors stay as they are.
    Status status = std::move(saved).status();
    co_return status == run.failed ? std::move(status) : without_passing_faults(std::move(status));
  }
  if (!saved->status.ok()) co_return std::move(saved->status);
  for (UniqueFunction<void()>& function : run.after_commit) function();
  if (run.reply) co_return *std::move(run.reply);
  Reply answer;
  Status parsed = parse(saved->message, answer);
  if (!parsed.ok()) co_return parsed;
  co_return std::move(answer);
}

}  // namespace internal

/// Lets calls take effect once, in a program's own database (SQLite, PostgreSQL): the key of the
/// call, its effect and its reply are one transaction. A handle to copy; used on any loop.
///
///     Task<Result<Receipt>> charge(OnceTransaction& tx, const ChargeRequest& request) {
///       Result<sql::Rows> done = co_await tx.run("UPDATE accounts SET ...", ...);
///       if (!done.ok()) co_return done.status();
///       if (done->changed() == 0) co_return tx.remember(failed_precondition("no money"));
///       co_return receipt_of(request);
///     }
///
///     Task<Result<Receipt>> Charge(ServerContext& context, const ChargeRequest& request) override
///     {
///       return barrier_.once(context, request, charge);
///     }
///
/// It says nothing about effects outside of the transaction: mail that the function sends is sent
/// again where the transaction is repeated.
class Barrier {
 public:
  /// Makes the table `weft_once` where there is none. FAILED_PRECONDITION where a newer program has
  /// made it.
  static Task<Result<Barrier>> open(sql::Database database);

  /// Serves a do or try: runs `function(OnceTransaction&, request, args...)`, a coroutine that
  /// gives a Result of the reply, unless the call is a duplicate. The key is the call's Branch
  /// (weft/transaction/branch.h) or else its `idempotency-key`; INVALID_ARGUMENT where it has
  /// neither, or where the branch's action is another. `request` must outlive the Task; `args` are
  /// copied. The whole is repeated after a serialization failure.
  ///
  /// - A duplicate gets the saved reply, or the error that was remembered; one that comes while the
  ///   first runs waits for it in the database.
  /// - Another request under the key: FAILED_PRECONDITION.
  /// - A do or try that comes after its undo or cancel (late): FAILED_PRECONDITION, and never runs.
  /// - UNAVAILABLE: what the database refuses to the barrier itself for a reason that passes: a
  ///   primary that has become read-only, a password that was changed (SQLSTATE 0A, 25, 28, 55).
  /// - UNKNOWN: whether the transaction was committed is not known; the call can be repeated.
  template <class Request, class F, class... Args>
    requires internal::Replies<F, Request, Args...>
  [[nodiscard]] auto once(ServerContext& context, const Request& request, F&& function,
                          Args&&... args) const {
    return serve(internal::Serves::DoAndTry, context, request, std::forward<F>(function),
                 std::forward<Args>(args)...);
  }

  /// Serves an undo, as once() else, for calls that have a branch; accept those from coordinators
  /// only. Where its do has never come, or had no effect (empty), the function does not run, and
  /// the reply is an empty message. INVALID_ARGUMENT for another action, or none.
  template <class Request, class F, class... Args>
    requires internal::Replies<F, Request, Args...>
  [[nodiscard]] auto undo_once(ServerContext& context, const Request& request, F&& function,
                               Args&&... args) const {
    return serve(internal::Serves::Undo, context, request, std::forward<F>(function),
                 std::forward<Args>(args)...);
  }

  /// Serves a confirm, as undo_once() else. Without a try that succeeded, or after a cancel:
  /// FAILED_PRECONDITION.
  template <class Request, class F, class... Args>
    requires internal::Replies<F, Request, Args...>
  [[nodiscard]] auto confirm_once(ServerContext& context, const Request& request, F&& function,
                                  Args&&... args) const {
    return serve(internal::Serves::Confirm, context, request, std::forward<F>(function),
                 std::forward<Args>(args)...);
  }

  /// Serves a cancel, as undo_once() else; after a confirm: FAILED_PRECONDITION.
  template <class Request, class F, class... Args>
    requires internal::Replies<F, Request, Args...>
  [[nodiscard]] auto cancel_once(ServerContext& context, const Request& request, F&& function,
                                 Args&&... args) const {
    return serve(internal::Serves::Cancel, context, request, std::forward<F>(function),
                 std::forward<Args>(args)...);
  }

  /// The inbox: runs `function(OnceTransaction&, event, args...)`, a coroutine that gives a Status,
  /// unless the event (its source and id) was handled before. An error takes everything back, and
  /// the event may come again; remember() has it not come again. As above else.
  template <class F, class... Args>
    requires(std::same_as<
             typename std::invoke_result_t<std::decay_t<F>&, OnceTransaction&, const events::Event&,
                                           std::decay_t<Args>&...>::value_type,
             Status>)
  [[nodiscard]] Task<Status> once(const events::Event& event, F&& function, Args&&... args) const {
    using Giving = internal::GivingNothing<std::decay_t<F>>;
    return status_of(
        internal::run_once<internal::Nothing, events::Event, Giving, std::decay_t<Args>...>(
            database_, internal::entry_of(event), event, Giving{std::forward<F>(function)},
            std::forward<Args>(args)...));
  }

  /// Removes what is older. To be longer than any saga lives and any client repeats a call: what is
  /// forgotten would take effect again. A do goes together with its undo, when both are older. How
  /// many rows that were; in transactions of some 1,000 rows each.
  [[nodiscard]] Task<Result<std::uint64_t>> forget(Duration older) const;

 private:
  Barrier(sql::Database database, bool postgres)
      : database_(std::move(database)), postgres_(postgres) {}
  template <class Request, class F, class... Args>
  auto serve(internal::Serves serves, ServerContext& context, const Request& request, F&& function,
             Args&&... args) const {
    using Reply = typename internal::OutcomeOf<F, Request, Args...>::value_type;
    return internal::run_once<Reply, Request, std::decay_t<F>, std::decay_t<Args>...>(
        database_, internal::entry_of(context.call(), request, serves), request,
        std::forward<F>(function), std::forward<Args>(args)...);
  }
  static Task<Status> status_of(Task<Result<internal::Nothing>> task) {
    co_return (co_await std::move(task)).status();
  }
  sql::Database database_;
  bool postgres_;
};

}  // namespace weft::transaction
