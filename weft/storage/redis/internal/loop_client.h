#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>

#include "weft/base/intrusive_list.h"
#include "weft/base/result.h"
#include "weft/cluster/endpoints/backoff.h"
#include "weft/coro/task.h"
#include "weft/net/loop/loop.h"
#include "weft/net/loop/timer.h"
#include "weft/storage/redis/internal/connect.h"
#include "weft/storage/redis/internal/connection.h"
#include "weft/storage/redis/internal/job.h"

namespace weft::redis {

/// A client's part on one loop: its connection, and the jobs that wait for one, first come, first
/// served. It connects when a job waits; where that fails, all that wait are told, and the next
/// attempt is made after a pause. For the loop's thread.
class LoopClient final : public std::enable_shared_from_this<LoopClient>,
                         private ConnectionOwner,
                         private net::LoopEndHook,
                         private net::Timer {
 public:
  LoopClient(net::Loop& loop, std::shared_ptr<const Setup> setup);
  ~LoopClient();

  /// Runs commands that are sent together; the reply to the last, or the first error.
  static Task<Result<Value>> perform(std::shared_ptr<LoopClient> self,
                                     std::span<const Command> commands);
  /// Ends all that runs and waits, and closes the connection.
  void close() noexcept;

 private:
  using StreamPtr = std::unique_ptr<net::Stream>;

  // ConnectionOwner
  void on_room() noexcept override { serve_waiting(); }
  void on_broken(IntrusiveList<Job>& again) noexcept override;
  // net::LoopEndHook
  void on_loop_end() noexcept override { close(); }

  void submit(Job& job);
  void leave(Job& job) noexcept;
  Status end_early(Job& job, const Status& reason);
  void serve_waiting() noexcept;
  bool takes_more() const noexcept { return connection_ != nullptr && connection_->takes_more(); }
  void connect_soon();
  void connect_now();
  static Task<> attempt(LoopClient& self);
  void connected();
  void end_all_waiting(const Status& status) noexcept;
  static void pause_over(net::Timer& timer) noexcept;

  net::Loop& loop_;
  const std::shared_ptr<const Setup> setup_;
  cluster::Backoff backoff_;
  std::unique_ptr<Connection> connection_;  // may be broken
  std::optional<Result<StreamPtr>> made_;   // by the attempt that has ended
  std::optional<Task<>> connecting_;
  bool connect_posted_ = false;
  TimePoint connected_at_{};
  TimePoint next_attempt_{};  // not before
  IntrusiveList<Job> waiting_;
  std::size_t waiting_count_ = 0;
  bool closed_ = false;
};

}  // namespace weft::redis
