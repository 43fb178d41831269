#pragma once

#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/coro/task.h"
#include "weft/net/loop/loop.h"
#include "weft/net/loop/timer.h"
#include "weft/storage/postgres/connect/internal/conninfo.h"
#include "weft/storage/postgres/database.h"
#include "weft/storage/postgres/internal/connection.h"
#include "weft/storage/postgres/internal/job.h"

namespace weft::postgres {

/// The connections of a loop and the jobs that wait for one, first come, first served. A connection
/// is opened where all are in use; at the limit, jobs share the one with the fewest. For the loop's
/// thread.
class Pool final : public std::enable_shared_from_this<Pool>,
                   private ConnectionOwner,
                   private net::LoopEndHook,
                   private net::Timer {
 public:
  Pool(net::Loop& loop, std::shared_ptr<const Conninfo> info, const Options& options);
  ~Pool();

  /// Runs a job on some connection, or on `connection`, and waits for its end, or that of the
  /// Context. `job` is a Statement or a Control.
  static Task<Status> perform(std::shared_ptr<Pool> pool, JobPtr job,
                              std::shared_ptr<Connection> connection);
  /// A connection that nobody else uses until give_back().
  static Task<Result<std::shared_ptr<Connection>>> lease(std::shared_ptr<Pool> pool);
  /// From the end of what it runs; closed where a transaction is still open then.
  void give_back(const std::shared_ptr<Connection>& connection);
  /// Ends all that runs and waits, and closes the connections.
  void close() noexcept;

 private:
  struct Place {
    enum class Use : unsigned char { Shared, Leased, GivenBack };
    std::shared_ptr<Connection> connection;
    Use use = Use::Shared;
  };
  struct Opening {
    std::optional<Task<Result<Connected>>> task;
    Pool* pool = nullptr;
  };

  // ConnectionOwner
  void on_room(Connection& connection) noexcept override;
  void on_repeat(JobPtr job) noexcept override;
  void on_broken(Connection& connection) noexcept override;
  // net::LoopEndHook
  void on_loop_end() noexcept override;

  void submit(JobPtr job);
  /// Takes out what no connection has yet.
  bool withdraw(const JobPtr& job);
  void serve_waiting();
  void hand_over(Place& place, const JobPtr& job);
  Place* idle_place();
  Place* shared_place();
  Place* place_of(const Connection& connection) noexcept;

  bool may_open() const noexcept;
  void open_more();
  void opened(Opening& opening);
  void end_all_waiting(const Status& status);
  /// Closes what is too old, and tries again to connect.
  void tidy();
  void arm_tidy();
  static void tidy_now(net::Timer& timer) noexcept;

  net::Loop& loop_;
  const std::shared_ptr<const Conninfo> info_;
  const Options options_;
  std::vector<Place> places_;
  std::deque<JobPtr> waiting_;
  std::list<Opening> openings_;
  Duration pause_{};          // after the last failure to connect
  TimePoint next_attempt_{};  // not before
  bool closed_ = false;
};

}  // namespace weft::postgres
