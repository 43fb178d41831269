#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "weft/base/status.h"
#include "weft/net/loop/loop.h"
#include "weft/net/loop/wait.h"
#include "weft/storage/sql/rows.h"
#include "weft/storage/sql/statement.h"

namespace weft::sqlite {

/// What a coroutine gives a lane's thread to do. Both hold it, so either may be gone first.
///
///     Waiting → Running → (Written →) Ended        Written: committed, and not yet on the disk
///     Waiting → Ended                               cancelled, refused
struct Job {
  enum class Kind : std::uint8_t { Run, Begin, Commit, Rollback };
  enum class State : std::uint8_t { Waiting, Running, Written, Ended };

  Job(Kind what, sql::Statement text, std::uint64_t of)
      : kind(what), statement(std::move(text)), transaction(of) {}

  const Kind kind;
  const sql::Statement statement;
  /// Which transaction it begins, or belongs to; 0: none.
  const std::uint64_t transaction;
  std::shared_ptr<net::LoopAnchor> loop;
  std::atomic<bool> cancelled{false};

  // Of the queue's lock.
  State state = State::Waiting;

  // Of the thread, and of the coroutine once `ended`.
  Status status;
  sql::Rows rows;
  bool must_write = false;

  // Of the loop's thread.
  net::Wait* wait = nullptr;
  bool ended = false;
};

using JobPtr = std::shared_ptr<Job>;

}  // namespace weft::sqlite
