#include "weft/transaction/idempotency/sql_replies.h"

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "weft/base/log.h"
#include "weft/base/log/limit.h"
#include "weft/net/loop/deadline_guard.h"
#include "weft/net/loop/loop.h"
#include "weft/transaction/internal/saved.h"
#include "weft/transaction/internal/schema.h"

namespace weft::transaction {
namespace {

// id: Fingerprint::text() of key_scope(). request: its Fingerprint. Times in milliseconds since
// 1970. code: null while the call is under way; else the gRPC code, with message and details of an
// error, or the reply's message.
constexpr std::array<std::string_view, 2> kTables = {
    "CREATE TABLE weft_replies(id TEXT PRIMARY KEY, request BLOB NOT NULL, token BIGINT NOT NULL, "
    "lease_until BIGINT NOT NULL, keep_until BIGINT NOT NULL, code BIGINT, message BLOB, "
    "details BLOB, reply BLOB)",
    "CREATE INDEX weft_replies_keep ON weft_replies(keep_until)"};

std::int64_t milliseconds(Duration duration) {
  return std::chrono::ceil<std::chrono::milliseconds>(duration).count();
}

struct Row {
  Bytes request;
  std::int64_t token = 0;
  bool lost = false;
  bool expired = false;
  std::optional<std::int64_t> code;
  std::optional<Bytes> message;
  std::optional<Bytes> details;
  std::optional<Bytes> reply;
};

IdempotencyStore::Begun begun_of(const Row& row, const Fingerprint& request) {
  using State = IdempotencyStore::State;
  if (row.request != internal::bytes_of(request))
    return IdempotencyStore::Begun(State::OtherRequest);
  if (row.code) {
    return IdempotencyStore::Begun(
        internal::reply_of(*row.code, row.message, row.details, row.reply));
  }
  return IdempotencyStore::Begun(row.lost ? State::Lost : State::Running);
}

void note(std::string_view what, const Status& why) {
  static constinit LogLimit limit(1);
  log(limit, LogLevel::Warn, std::string(what) + ": " + why.to_string());
}

}  // namespace

struct SqlReplies::Statements {
  explicit Statements(internal::Dialect dialect) {
    for (std::string* text : {&insert, &select, &take_over, &finish, &expire, &forget}) {
      *text = internal::with_clock(*text, dialect);
    }
  }
  std::string insert =
      "INSERT INTO weft_replies(id, request, token, lease_until, keep_until) "
      "VALUES ($1, $2, $3, {now} + $4, {now} + $5) ON CONFLICT (id) DO NOTHING";
  std::string select =
      "SELECT request, token, lease_until <= {now}, keep_until <= {now}, code, message, details, "
      "reply FROM weft_replies WHERE id = $1";
  std::string take_over =
      "UPDATE weft_replies SET token = $3, lease_until = {now} + $4, keep_until = {now} + $5 "
      "WHERE id = $1 AND token = $2 AND code IS NULL";
  std::string finish =
      "UPDATE weft_replies SET code = $3, message = $4, details = $5, reply = $6, "
      "keep_until = {now} + $7 WHERE id = $1 AND token = $2";
  std::string release = "DELETE FROM weft_replies WHERE id = $1 AND token = $2";
  // Others may finish or take over in between, hence the time once more.
  std::string expire =
      "DELETE FROM weft_replies WHERE id = $1 AND token = $2 AND keep_until <= {now}";
  std::string forget =
      "DELETE FROM weft_replies WHERE id IN "
      "(SELECT id FROM weft_replies WHERE keep_until <= {now} LIMIT 256) "
      "AND keep_until <= {now}";
};

SqlReplies::SqlReplies(sql::Database database, std::unique_ptr<const Statements> statements)
    : database_(std::move(database)), statements_(std::move(statements)) {}

SqlReplies::~SqlReplies() = default;

Task<Result<std::shared_ptr<SqlReplies>>> SqlReplies::open(sql::Database database) {
  const Result<internal::Dialect> dialect = co_await internal::set_up(
      database, internal::Schema{.part = "replies", .version = 1, .statements = kTables});
  if (!dialect.ok()) co_return dialect.status();
  co_return std::shared_ptr<SqlReplies>(
      new SqlReplies(std::move(database), std::make_unique<Statements>(*dialect)));
}

Task<Result<bool>> SqlReplies::insert(std::string id, Fingerprint request, std::uint64_t token,
                                      Rule rule) {
  const Result<sql::Rows> inserted = co_await database_.run(
      statements_->insert, id, internal::bytes_of(request), token, milliseconds(rule.lease),
      milliseconds(rule.lease) + milliseconds(rule.keep));
  if (!inserted.ok()) co_return inserted.status();
  co_return inserted->changed() == 1;
}

Task<Status> SqlReplies::forget_some() {
  // Not each time: a call would pay for a statement that mostly finds nothing.
  constexpr std::uint64_t kEach = 64;
  if (begun_.fetch_add(1, std::memory_order_relaxed) % kEach != 0) return ok_status();
  return [](sql::Database database, std::string text) -> Task<Status> {
    co_return (co_await database.run(text)).status();
  }(database_, statements_->forget);
}

/// After a statement whose outcome is not known, because the caller has gone for example: the
/// handler does not run, so the row must not say that it does.
Task<void> SqlReplies::give_back(Fingerprint id, std::uint64_t token) {
  constexpr Duration kLongest = std::chrono::seconds(5);
  const Status released = co_await net::in_own_context(kLongest, release(id, token));
  if (!released.ok()) note("a key may stay in use until its lease has passed", released);
}

Task<Result<IdempotencyStore::Begun>> SqlReplies::begin(Fingerprint id, Fingerprint request,
                                                        Rule rule) {
  const std::string text = id.text();
  const std::uint64_t token = net::Loop::current()->rng()() >> 1U;
  const Status forgotten = co_await forget_some();
  if (!forgotten.ok()) note("old replies were not forgotten", forgotten);
  // A row may be removed between two statements; one that always is, is in use.
  for (int attempt = 0; attempt < 4; ++attempt) {
    const Result<bool> inserted = co_await insert(text, request, token, rule);
    if (!inserted.ok()) {
      co_await give_back(id, token);
      co_return inserted.status();
    }
    if (*inserted) co_return Begun(State::New, token);
    const Result<std::optional<Row>> row = co_await database_.maybe<Row>(statements_->select, text);
    if (!row.ok()) co_return row.status();
    if (!*row) continue;
    Result<sql::Rows> changed = sql::Rows();
    if ((*row)->expired) {
      changed = co_await database_.run(statements_->expire, text, (*row)->token);
      if (!changed.ok()) co_return changed.status();
      continue;
    }
    Begun begun = begun_of(**row, request);
    if (begun.state != State::Lost || rule.lost == Rule::Lost::Report) co_return begun;
    changed = co_await database_.run(statements_->take_over, text, (*row)->token, token,
                                     milliseconds(rule.lease),
                                     milliseconds(rule.lease) + milliseconds(rule.keep));
    if (!changed.ok()) {
      co_await give_back(id, token);
      co_return changed.status();
    }
    if (changed->changed() == 1) co_return Begun(State::New, token);
  }
  co_return Begun(State::Running);
}

Task<Status> SqlReplies::finish(Fingerprint id, std::uint64_t token, SavedReply reply,
                                Duration keep) {
  const Result<sql::Rows> changed = co_await database_.run(
      statements_->finish, id.text(), token, static_cast<std::int64_t>(reply.status.code()),
      Bytes::copy_of(reply.status.message()), Bytes::copy_of(reply.status.details()), reply.message,
      milliseconds(keep));
  if (!changed.ok()) co_return changed.status();
  if (changed->changed() == 1) co_return ok_status();
  co_return aborted("another attempt of this call has taken its key over");
}

Task<Status> SqlReplies::release(Fingerprint id, std::uint64_t token) {
  const Result<sql::Rows> changed = co_await database_.run(statements_->release, id.text(), token);
  co_return changed.status();
}

}  // namespace weft::transaction
