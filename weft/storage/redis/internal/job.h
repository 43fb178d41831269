#pragma once

#include <cstdint>
#include <span>
#include <utility>

#include "weft/base/intrusive_list.h"
#include "weft/net/loop/wait.h"
#include "weft/storage/redis/command.h"
#include "weft/storage/redis/value.h"

namespace weft::redis {

class Connection;

/// Commands that a coroutine waits for, in its frame: sent together, of whose replies the last is
/// kept. In the list of those that wait to be sent, or on a connection, or ended.
struct Job : ListNode {
  explicit Job(std::span<const Command> what) : commands(what) {}

  void end(Status with) {
    ended = true;
    connection = nullptr;
    status = std::move(with);
    if (wait != nullptr) wait->complete();
  }
  bool is_idempotent() const noexcept { return commands.front().is_idempotent(); }

  std::span<const Command> commands;
  net::Wait* wait = nullptr;
  Connection* connection = nullptr;  // that it was sent on
  std::uint64_t ticket = 0;          // its place there
  unsigned repeats = 0;              // of connections that were lost after its first byte was sent
  bool may_have_run = false;         // all of it was sent on one of these
  bool ended = false;
  Status status;  // while it runs: the first error of a reply before the last
  Value value;
};

}  // namespace weft::redis
