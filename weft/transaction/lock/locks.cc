#include "weft/transaction/lock/locks.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "weft/base/log.h"
#include "weft/base/log/limit.h"
#include "weft/cluster/endpoints/backoff.h"
#include "weft/coro/frame/exception.h"
#include "weft/net/loop/deadline_guard.h"
#include "weft/net/loop/loop.h"
#include "weft/transaction/lock/internal/holder_name.h"
#include "weft/transaction/lock/internal/sql_lock_store.h"

namespace weft::transaction {
namespace {

constexpr Duration kFirstPause = std::chrono::milliseconds(20);

Status check_name(const std::string& name) {
  if (!name.empty() && name.size() <= Locks::kMostName) return ok_status();
  return invalid_argument("a lock's name has 1 to " + std::to_string(Locks::kMostName) +
                          " bytes, not " + std::to_string(name.size()));
}

Status check_options(const std::string& name, const LockOptions& options) {
  Status valid = check_name(name);
  if (!valid.ok()) return valid;
  if (options.lease < Locks::kLeastLease || options.lease > Locks::kMostLease) {
    return invalid_argument("LockOptions::lease is " + to_string(options.lease) + ", not within " +
                            to_string(Locks::kLeastLease) + " and " + to_string(Locks::kMostLease));
  }
  if (options.wait < Duration::zero()) {
    return invalid_argument("LockOptions::wait is " + to_string(options.wait) + ", less than 0");
  }
  if (options.poll < kFirstPause) {
    return invalid_argument("LockOptions::poll is " + to_string(options.poll) + ", less than " +
                            to_string(kFirstPause));
  }
  return ok_status();
}

Task<Status> give_back(std::shared_ptr<const LockStore> store, std::string name,
                       std::int64_t token) {
  constexpr Duration kLongest = std::chrono::seconds(5);
  Task<Status> deletion = store->release(std::move(name), token);
  co_return co_await net::in_own_context(kLongest, std::move(deletion));
}

/// Takes it for the lease at most: a lock that comes later is over.
Task<Result<LockStore::Attempt>> take(const LockStore& store, std::string name, Duration lease,
                                      std::shared_ptr<std::int64_t> token) {
  const TimePoint end = after(net::Loop::current()->now(), lease);
  return net::with_deadline(end, store.take(std::move(name), lease, std::move(token)));
}

/// Of one attempt.
struct Outcome {
  std::optional<Lock> lock;
  std::string holder;
};

Task<Result<Outcome>> attempt(std::shared_ptr<const LockStore> store, std::string name,
                              Duration lease) {
  net::Loop& loop = *net::Loop::current();
  const TimePoint asked = loop.now();
  const auto token = std::make_shared<std::int64_t>(0);
  const Result<LockStore::Attempt> taken = co_await take(*store, name, lease, token);
  const bool too_late = loop.now() >= asked + internal::Lease::safe_part(lease);
  // It may be taken: the outcome of the commit is unknown, or the commit took too long.
  if (*token != 0 && (!taken.ok() || (too_late && taken->token != 0))) {
    static_cast<void>(co_await give_back(store, name, *token));
  }
  if (!taken.ok()) co_return taken.status();
  Outcome outcome;
  outcome.holder = taken->holder;
  if (taken->token != 0 && !too_late) {
    outcome.lock.emplace(
        store, std::make_unique<internal::Lease>(loop, store, name, taken->token, lease, asked));
  }
  co_return outcome;
}

Status held_by(const std::string& name, const std::string& holder, Duration wait) {
  return aborted("the lock \"" + name + "\" is held by " +
                 (holder.empty() ? "another process" : holder) +
                 (wait > Duration::zero() ? ", after a wait of " + to_string(wait) : ""));
}

void note(std::string_view what, const std::string& name, const Status& why) {
  static constinit LogLimit limit(1);
  log(limit, LogLevel::Warn, std::string(what) + " the lock \"" + name + "\": " + why.to_string());
}

Task<Status> call_term(const Locks::Term& term, const Lock& lock) {
  try {
    co_return co_await term(lock);
  } catch (...) {
    co_return coro::status_of_current_exception("the term of a leader");
  }
}

/// OK where `term` gave OK as the leader.
Task<Status> serve_term(Lock& lock, const Locks::Term& term) {
  const Context* const context = co_await current_context();
  Status ended = co_await lock.run(call_term(term, lock));
  if (ended.ok() && !lock.is_held()) ended = co_await lock.lost();
  const bool reported = context->is_cancelled() || lock.context().is_cancelled();
  if (!ended.ok() && !reported) note("the leader's term under", lock.name(), ended);
  const Status released = co_await lock.release();
  if (!released.ok()) note("releasing", lock.name(), released);
  co_return ended;
}

}  // namespace

Task<Result<Locks>> Locks::open(sql::Database database, std::string holder) {
  Result<std::string> name = internal::holder_name(std::move(holder));
  if (!name.ok()) co_return name.status();
  Result<std::shared_ptr<const LockStore>> store =
      co_await internal::SqlLockStore::open(std::move(database), *std::move(name));
  if (!store.ok()) co_return store.status();
  co_return Locks(*std::move(store));
}

Task<Result<Lock>> Locks::acquire(std::string name, LockOptions options) const {
  const Status valid = check_options(name, options);
  if (!valid.ok()) co_return valid;
  const std::shared_ptr<const LockStore> store = store_;
  const Context* const caller = co_await current_context();
  net::Loop& loop = *net::Loop::current();
  const TimePoint until = after(loop.now(), options.wait);
  cluster::Backoff backoff(loop.rng(), kFirstPause, options.poll);
  while (true) {
    Result<Outcome> outcome = co_await attempt(store, name, options.lease);
    // Another connection may give an answer.
    const bool is_silent = outcome.status().code() == StatusCode::DeadlineExceeded &&
                           (caller == nullptr || !caller->is_cancelled());
    if (!outcome.ok() && !is_silent) co_return outcome.status();
    if (outcome.ok() && outcome->lock) co_return *std::move(outcome->lock);
    if (loop.now() >= until) {
      co_return is_silent
          ? outcome.status().with_prefix("no answer about the lock \"" + name + "\"")
          : held_by(name, outcome->holder, options.wait);
    }
    const Status waited =
        co_await net::sleep_until(std::min(until, after(loop.now(), backoff.next())));
    if (!waited.ok()) co_return waited.with_prefix("waiting for the lock \"" + name + "\"");
  }
}

Task<Result<std::optional<LockHolder>>> Locks::holder(std::string name) const {
  Status valid = check_name(name);
  if (!valid.ok()) return Result<std::optional<LockHolder>>(std::move(valid));
  return store_->find(std::move(name));
}

Task<Status> Locks::check(sql::Transaction& transaction, std::string name,
                          std::int64_t token) const {
  return store_->check(transaction, std::move(name), token);
}

Task<Status> Locks::check(OnceTransaction& transaction, std::string name,
                          std::int64_t token) const {
  return store_->check(transaction, std::move(name), token);
}

Task<Status> Locks::lead(std::string name, Term term, LockOptions options) const {
  const Locks locks = *this;
  net::Loop& loop = *net::Loop::current();
  Context context(co_await current_context());
  options.wait = kForever;
  cluster::Backoff backoff(loop.rng(), kFirstPause, options.poll);
  while (true) {
    Result<Lock> lock = co_await locks.acquire(name, options);
    if (lock.status().code() == StatusCode::InvalidArgument) co_return lock.status();
    if (!lock.ok() && !context.is_cancelled()) note("campaigning for", name, lock.status());
    if (lock.ok()) {
      const TimePoint begun = loop.now();
      Task<Status> serving = serve_term(*lock, term);
      const Status ended = co_await std::move(serving).in(context);
      if (ended.ok()) co_return ended;
      if (loop.now() - begun >= options.lease) backoff.reset();
    }
    const Status waited = co_await net::sleep(backoff.next());
    if (!waited.ok()) co_return waited;
  }
}

}  // namespace weft::transaction
