#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "weft/base/result.h"
#include "weft/coro/task.h"
#include "weft/net/loop/loop.h"
#include "weft/storage/event/event.h"
#include "weft/storage/sql/database.h"
#include "weft/transaction/internal/schema.h"
#include "weft/transaction/outbox/internal/wakeup.h"
#include "weft/transaction/outbox/outbox.h"

namespace weft::transaction::internal {

/// Publishes what lies in `weft_outbox`, and removes it after that. Asks the database once for each
/// poll while there is nothing, and takes the lease only once there is something.
class Relay {
 public:
  Relay(net::Loop& loop, sql::Database database, Dialect dialect, events::EventSink& sink,
        RelayOptions options);
  /// Until the Context ends.
  Task<Status> run(std::shared_ptr<Wakeup> wakeup);

 private:
  struct Stored {
    std::int64_t number = 0;
    events::Event event;
  };
  /// How far a look at the table came.
  enum class Look : std::uint8_t { Empty, Published, Stuck };

  Task<Result<Look>> look();
  Task<Result<std::vector<Stored>>> read(std::size_t most);
  Task<Result<bool>> own();
  Task<Status> publish_one(const events::Event& event);
  Task<Status> publish(std::vector<Stored> events, std::vector<std::int64_t>& published);
  Task<Status> remove(std::vector<std::int64_t> numbers);

  net::Loop& loop_;
  sql::Database database_;
  const std::string owner_;
  events::EventSink& sink_;
  const RelayOptions options_;
  const std::string select_;
  const std::string take_;
  TimePoint owned_until_{};  // by the monotonic clock, from before the lease was asked for
};

}  // namespace weft::transaction::internal
