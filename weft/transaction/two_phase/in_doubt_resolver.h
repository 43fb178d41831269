#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/coro/task.h"
#include "weft/rpc/call/service.h"
#include "weft/transaction/two_phase/participant.h"

namespace weft::transaction {

class InDoubtOptions {
 public:
  InDoubtOptions() {}

  /// Where weft.transaction.v1.Coordinator is served for a coordinator, by its id: a Channel to any
  /// coordinator with its store. Null: it is not known now.
  std::function<std::shared_ptr<Service>(std::string_view coordinator)> find;
  /// Branches that are prepared for so long are asked for. Those of a transaction under way are not
  /// decided, so it costs a call only.
  Duration after = std::chrono::seconds(5);
  /// How often it looks for them.
  Duration every = std::chrono::seconds(5);
  Duration call_timeout = std::chrono::seconds(5);
  /// Branches that are asked for at a time, the oldest first.
  std::size_t most = 1000;
};

/// Counts since the start.
struct InDoubtStats {
  std::uint64_t committed = 0;
  std::uint64_t aborted = 0;
  std::uint64_t failed = 0;   ///< questions without an answer, and decisions not carried out
  std::uint64_t waiting = 0;  ///< branches in doubt when it last looked
};

/// Ends branches of a participant that have no decision, as their coordinators say: after a crash
/// of either side, and where a decision was lost. Belongs to the loop that it is started on.
class InDoubtResolver {
 public:
  InDoubtResolver(std::shared_ptr<Participant> participant, InDoubtOptions options);
  InDoubtResolver(const InDoubtResolver&) = delete;
  InDoubtResolver& operator=(const InDoubtResolver&) = delete;
  ~InDoubtResolver();

  /// From now on it looks, again and again. INVALID_ARGUMENT: InDoubtOptions::find is empty.
  Status start();
  /// Looks once; how many branches were ended.
  Task<Result<std::size_t>> resolve();

  InDoubtStats stats() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weft::transaction
