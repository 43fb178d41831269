#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "weft/base/function.h"
#include "weft/cluster/resolvers/announcer.h"
#include "weft/coro/event.h"
#include "weft/net/loop/loop.h"
#include "weft/net/loop/timer.h"
#include "weft/rpc/announce/announce_options.h"

namespace weft::rpc {

/// Keeps a server in the registries that ServerOptions::announce names, from start() to withdraw().
/// Everything on one loop's thread; it stays until its coroutines have ended, or the loop has.
class Announcement final : public std::enable_shared_from_this<Announcement>,
                           private net::LoopEndHook,
                           private net::Timer {
 public:
  /// For a server that listens on these addresses. The error names the target and what is wrong
  /// with it; a registry that cannot be reached is none.
  static Result<std::shared_ptr<Announcement>> make(net::Loop& loop, const std::string& target,
                                                    const AnnounceOptions& options,
                                                    const std::vector<net::Address>& listening);
  ~Announcement() = default;

  void start();
  /// Takes the server out of the registries and calls `done` when that is so, at the latest after a
  /// bounded time.
  void withdraw(UniqueFunction<void()> done);
  /// Calls withdraw()'s `done` now; what is under way goes on.
  void hurry() noexcept;

 private:
  explicit Announcement(net::Loop& loop) noexcept : Timer(&Announcement::too_late), loop_(loop) {}
  static void too_late(net::Timer& timer) noexcept;
  void on_loop_end() noexcept override;
  void begin(Task<>& task, Task<> work, Context& context);
  static Task<> run_all(Announcement& self);
  static Task<> withdraw_all(Announcement& self);
  static Task<Status> withdraw_one(Announcement& self, std::size_t index);
  void task_ended() noexcept;

  net::Loop& loop_;
  cluster::Endpoint endpoint_;
  std::vector<std::string> targets_;
  Context run_context_;
  Context withdraw_context_;
  std::vector<std::unique_ptr<cluster::Announcer>> announcers_;
  Event run_ended_;
  UniqueFunction<void()> done_;
  Task<> running_;
  Task<> withdrawing_;
  std::size_t tasks_ = 0;
  bool withdrawn_ = false;
  std::shared_ptr<Announcement> self_;  // while a task runs
};

}  // namespace weft::rpc
