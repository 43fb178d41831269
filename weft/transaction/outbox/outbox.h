#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/coro/task.h"
#include "weft/storage/event/event.h"
#include "weft/storage/sql/database.h"
#include "weft/transaction/barrier/barrier.h"

namespace weft::transaction {

struct RelayOptions {
  /// How often an idle relay asks its database, which also finds what other processes have emitted.
  Duration poll = std::chrono::seconds(1);
  /// For how long one relay is the only one; another takes over after that. Publishing an event has
  /// less time than that, and then fails with DEADLINE_EXCEEDED.
  Duration lease = std::chrono::seconds(10);
  /// Events that are read at once.
  std::size_t batch = 256;
};

/// Events that are committed together with what they tell of, in the program's own database
/// (SQLite, PostgreSQL from version 13), and published after that. A handle to copy; used on any
/// loop.
///
///     Task<Result<Receipt>> charge(OnceTransaction& tx, const ChargeRequest& request, Outbox
///     outbox)
///       ...
///       Status emitted = co_await outbox.emit(tx, event);
///       if (!emitted.ok()) co_return emitted;
///
/// Each event is published at least once; duplicates come only after crashes, failed publishing and
/// a relay that was frozen for longer than its lease. The receiver's inbox, Barrier::once(event),
/// removes them.
class Outbox {
 public:
  /// Bytes of an event's data; a relay has up to RelayOptions::batch events in memory.
  static constexpr std::size_t kMostData = std::size_t{1} << 20;

  /// `source`: of all events that are emitted here. Makes the tables `weft_outbox` and
  /// `weft_outbox_owner` where there are none. FAILED_PRECONDITION where a newer program has made
  /// them.
  static Task<Result<Outbox>> open(sql::Database database, std::string source);

  /// Adds an event to the transaction; its `source` is this outbox's, and an empty `id` becomes a
  /// random UUID. INVALID_ARGUMENT where it has no type, or names longer than 255 bytes, or more
  /// than kMostData. The relay of this process is woken by the commit.
  [[nodiscard]] Task<Status> emit(OnceTransaction& transaction, events::Event event) const;
  /// As above; wake() after the commit saves the relay's pause.
  [[nodiscard]] Task<Status> emit(sql::Transaction& transaction, events::Event event) const;
  /// There are events to publish. From any thread.
  void wake() const noexcept;

  /// Publishes events until its Context is cancelled, and ends with that reason. Events of one key
  /// in the order in which their transactions first wrote; one that cannot be published holds up
  /// its key, and others only where a whole batch is held up. While another process is the owner it
  /// waits for the lease. What the database refuses is logged and tried again. FAILED_PRECONDITION
  /// where this process has a relay of this handle already. `sink` must outlive the Task.
  [[nodiscard]] Task<Status> relay(events::EventSink& sink, RelayOptions options = {}) const;

 private:
  struct Shared;
  explicit Outbox(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
  Task<Status> emit_to(sql::Queryable& transaction, events::Event event) const;
  std::shared_ptr<Shared> shared_;
};

}  // namespace weft::transaction
