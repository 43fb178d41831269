#include "weft/transaction/outbox/internal/relay.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "weft/base/log.h"
#include "weft/base/log/limit.h"
#include "weft/coro/context.h"
#include "weft/net/loop/deadline_guard.h"
#include "weft/storage/event/uuid.h"

namespace weft::transaction::internal {
namespace {

/// In the order of the transactions: PostgreSQL's numbers are taken when a row is written, and a
/// transaction with a lower one may be committed later. What began before the oldest transaction
/// that still runs can no longer get rows in front of it.
std::string select_text(Dialect dialect) {
  const std::string columns = "SELECT number, source, id, type, event_key, data FROM weft_outbox ";
  if (dialect == Dialect::Sqlite) return columns + "ORDER BY number LIMIT $1";
  return columns +
         "WHERE written_by < pg_snapshot_xmin(pg_current_snapshot()) "
         "ORDER BY written_by, number LIMIT $1";
}

/// The epoch tells owners apart in the table; one relay that goes on keeps its own.
constexpr std::string_view kTake =
    "UPDATE weft_outbox_owner SET epoch = CASE WHEN owner = $1 THEN epoch ELSE epoch + 1 END, "
    "owner = $1, lease_until = {now} + $2 WHERE owner = $1 OR lease_until <= {now}";

void note(std::string_view what, const Status& why) {
  static constinit LogLimit limit(1);
  log(limit, LogLevel::Warn, std::string(what) + ": " + why.to_string());
}

struct Row {
  std::int64_t number = 0;
  std::string source;
  std::string id;
  std::string type;
  std::string key;
  Bytes data;
};

}  // namespace

Relay::Relay(net::Loop& loop, sql::Database database, Dialect dialect, events::EventSink& sink,
             RelayOptions options)
    : loop_(loop),
      database_(std::move(database)),
      owner_(events::random_uuid(loop.rng())),
      sink_(sink),
      options_(options),
      select_(select_text(dialect)),
      take_(with_clock(kTake, dialect)) {}

Task<Result<std::vector<Relay::Stored>>> Relay::read(std::size_t most) {
  const Result<std::vector<Row>> rows = co_await database_.all<Row>(select_, most);
  if (!rows.ok()) co_return rows.status();
  std::vector<Stored> events;
  events.reserve(rows->size());
  for (const Row& row : *rows) {
    Stored& stored = events.emplace_back();
    stored.number = row.number;
    stored.event.source = row.source;
    stored.event.id = row.id;
    stored.event.type = row.type;
    stored.event.key = row.key;
    stored.event.data = row.data;
  }
  co_return events;
}

Task<Result<bool>> Relay::own() {
  const TimePoint now = loop_.now();
  if (now + options_.lease / 2 < owned_until_) co_return true;
  const auto lease = std::chrono::ceil<std::chrono::milliseconds>(options_.lease).count();
  const Result<sql::Rows> taken = co_await database_.run(take_, owner_, lease);
  if (!taken.ok()) co_return taken.status();
  // A little less than the table says, for clocks that do not go at the same speed.
  if (taken->changed() == 1) owned_until_ = now + options_.lease - options_.lease / 8;
  co_return taken->changed() == 1;
}

/// As long as this relay is the owner for certain.
Task<Status> Relay::publish_one(const events::Event& event) {
  return net::with_deadline(owned_until_, sink_.publish(event));
}

Task<Status> Relay::publish(std::vector<Stored> events, std::vector<std::int64_t>& published) {
  const Context* const context = co_await current_context();
  std::set<std::string_view> held_up;
  Status failed;
  for (const Stored& stored : events) {
    if (held_up.contains(stored.event.key)) continue;
    if (context != nullptr && context->is_cancelled()) co_return failed;
    const Result<bool> owned = co_await own();
    if (!owned.ok()) co_return owned.status();
    if (!*owned) co_return aborted("the lease has passed, and another relay is the owner");
    Status status = co_await publish_one(stored.event);
    if (status.ok()) {
      published.push_back(stored.number);
      continue;
    }
    held_up.insert(stored.event.key);
    failed = std::move(status);
  }
  co_return failed;
}

Task<Status> Relay::remove(std::vector<std::int64_t> numbers) {
  if (numbers.empty()) co_return ok_status();
  sql::Statement statement("DELETE FROM weft_outbox WHERE number = $1");
  for (const std::int64_t number : numbers) statement.add(number);
  // In its own Context: what was published is published again where its row stays.
  constexpr Duration kLongest = std::chrono::seconds(5);
  const Result<sql::Rows> removed =
      co_await net::in_own_context(kLongest, database_.run(std::move(statement)));
  co_return removed.status();
}

Task<Result<Relay::Look>> Relay::look() {
  if (loop_.now() >= owned_until_) {
    // An idle relay takes no lease.
    const Result<std::vector<Stored>> first = co_await read(1);
    if (!first.ok()) co_return first.status();
    if (first->empty()) co_return Look::Empty;
    const Result<bool> owned = co_await own();
    if (!owned.ok()) co_return owned.status();
    if (!*owned) co_return Look::Stuck;
  }
  // As the owner: another may have published what was there before.
  Result<std::vector<Stored>> events = co_await read(options_.batch);
  if (!events.ok()) co_return events.status();
  if (events->empty()) co_return Look::Empty;
  std::vector<std::int64_t> published;
  const Status status = co_await publish(*std::move(events), published);
  if (!status.ok()) note("an event of the outbox was not published", status);
  const bool some = !published.empty();
  const Status removed = co_await remove(std::move(published));
  if (!removed.ok()) co_return removed;
  co_return some ? Look::Published : Look::Stuck;
}

Task<Status> Relay::run(std::shared_ptr<Wakeup> wakeup) {
  // After a wake-up that found nothing: an older transaction may still run (PostgreSQL).
  constexpr Duration kFirstPause = std::chrono::milliseconds(2);
  Duration pause = kFirstPause;
  while (true) {
    const bool woken = wakeup->take();
    if (woken) pause = kFirstPause;
    Result<Look> seen = co_await look();
    if (!seen.ok()) note("the outbox's database", seen.status());
    if (seen.ok() && *seen == Look::Published) {
      pause = kFirstPause;
      continue;
    }
    pause = std::min(pause * 2, options_.poll);
    Status waited = co_await Wakeup::wait(wakeup, loop_, pause);
    if (!waited.ok()) co_return waited;
  }
}

}  // namespace weft::transaction::internal
