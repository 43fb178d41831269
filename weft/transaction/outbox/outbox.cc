#include "weft/transaction/outbox/outbox.h"

#include <array>
#include <string_view>
#include <utility>

#include "weft/net/loop/loop.h"
#include "weft/storage/event/uuid.h"
#include "weft/transaction/internal/schema.h"
#include "weft/transaction/outbox/internal/relay.h"
#include "weft/transaction/outbox/internal/wakeup.h"

namespace weft::transaction {
namespace {

constexpr std::array<std::string_view, 4> kTables = {
    "CREATE TABLE weft_outbox(number {number}, written_by {commit order}, source TEXT NOT NULL, "
    "id TEXT NOT NULL, type TEXT NOT NULL, event_key TEXT NOT NULL, data BLOB NOT NULL, "
    "at BIGINT NOT NULL DEFAULT ({now}))",
    "CREATE INDEX weft_outbox_order ON weft_outbox(written_by, number)",
    "CREATE TABLE weft_outbox_owner(owner TEXT NOT NULL, epoch BIGINT NOT NULL, "
    "lease_until BIGINT NOT NULL)",
    "INSERT INTO weft_outbox_owner(owner, epoch, lease_until) VALUES ('', 0, 0)"};

constexpr std::size_t kMostName = 255;

Status too_long(std::string_view what, std::size_t size, std::size_t most) {
  return invalid_argument("the event's " + std::string(what) + " has " + std::to_string(size) +
                          " bytes, more than the " + std::to_string(most) + " that it may have");
}

Status check(const events::Event& event) {
  if (event.type.empty()) return invalid_argument("the event has no type");
  if (event.data.size() > Outbox::kMostData) {
    return too_long("data", event.data.size(), Outbox::kMostData);
  }
  for (const auto& [name, text] : {std::pair<std::string_view, std::string_view>("id", event.id),
                                   {"type", event.type},
                                   {"key", event.key}}) {
    if (text.size() > kMostName) return too_long(name, text.size(), kMostName);
  }
  return ok_status();
}

/// A relay's place, for as long as it runs.
class Attached {
 public:
  explicit Attached(internal::Wakeup& wakeup) : wakeup_(wakeup) {}
  Attached(const Attached&) = delete;
  Attached& operator=(const Attached&) = delete;
  ~Attached() { wakeup_.detach(); }

 private:
  internal::Wakeup& wakeup_;
};

}  // namespace

struct Outbox::Shared {
  Shared(sql::Database db, std::string name, internal::Dialect kind)
      : database(std::move(db)), source(std::move(name)), dialect(kind) {}
  sql::Database database;
  std::string source;
  internal::Dialect dialect;
  std::shared_ptr<internal::Wakeup> wakeup = std::make_shared<internal::Wakeup>();
};

Task<Result<Outbox>> Outbox::open(sql::Database database, std::string source) {
  if (source.empty() || source.size() > kMostName) {
    co_return invalid_argument("an outbox's source has 1 to 255 bytes, not " +
                               std::to_string(source.size()));
  }
  const Result<internal::Dialect> dialect = co_await internal::set_up(
      database, internal::Schema{.part = "outbox", .version = 1, .statements = kTables});
  if (!dialect.ok()) co_return dialect.status();
  co_return Outbox(std::make_shared<Shared>(std::move(database), std::move(source), *dialect));
}

Task<Status> Outbox::emit_to(sql::Queryable& transaction, events::Event event) const {
  Status valid = check(event);
  if (!valid.ok()) co_return valid;
  if (event.id.empty()) event.id = events::random_uuid(net::Loop::current()->rng());
  const Result<sql::Rows> added = co_await transaction.run(
      "INSERT INTO weft_outbox(source, id, type, event_key, data) VALUES ($1, $2, $3, $4, $5)",
      shared_->source, event.id, event.type, event.key, event.data);
  co_return added.status();
}

Task<Status> Outbox::emit(sql::Transaction& transaction, events::Event event) const {
  return emit_to(transaction, std::move(event));
}

Task<Status> Outbox::emit(OnceTransaction& transaction, events::Event event) const {
  transaction.after_commit([wakeup = shared_->wakeup] { wakeup->wake(); });
  return emit_to(transaction, std::move(event));
}

void Outbox::wake() const noexcept { shared_->wakeup->wake(); }

Task<Status> Outbox::relay(events::EventSink& sink, RelayOptions options) const {
  const std::shared_ptr<Shared> shared = shared_;
  net::Loop& loop = *net::Loop::current();
  if (options.poll <= Duration::zero() || options.lease <= Duration::zero() || options.batch == 0) {
    co_return invalid_argument("RelayOptions: poll, lease and batch must be more than 0");
  }
  if (!shared->wakeup->attach(loop)) {
    co_return failed_precondition("this outbox has a relay already");
  }
  const Attached attached(*shared->wakeup);
  internal::Relay relay(loop, shared->database, shared->dialect, sink, options);
  co_return co_await relay.run(shared->wakeup);
}

}  // namespace weft::transaction
