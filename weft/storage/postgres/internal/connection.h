#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "weft/base/time.h"
#include "weft/coro/task.h"
#include "weft/net/loop/loop.h"
#include "weft/net/loop/timer.h"
#include "weft/net/socket/readiness.h"
#include "weft/storage/postgres/connect/internal/connect.h"
#include "weft/storage/postgres/database.h"
#include "weft/storage/postgres/internal/job.h"
#include "weft/storage/postgres/internal/parameters.h"
#include "weft/storage/postgres/internal/prepared_names.h"

namespace weft::postgres {

class Connection;

/// Who uses connections: told on the loop's thread, in the middle of reading, so it resumes nobody.
class ConnectionOwner {
 public:
  /// A job has ended; there is room.
  virtual void on_room(Connection& connection) noexcept = 0;
  /// Sent once more: a cancel request for another has hit it, or its statement was not prepared any
  /// more.
  virtual void on_repeat(JobPtr job) noexcept = 0;
  /// It cannot be used any more.
  virtual void on_broken(Connection& connection) noexcept = 0;

 protected:
  ~ConnectionOwner() = default;
};

/// A connection in libpq's pipeline mode. Jobs are sent at once and answered in their order; each
/// is followed by a Sync, so that it is a transaction of its own and its error is nobody else's:
///
///     [Close] [Parse] Bind Execute [Bind Execute ...] Sync
///
/// A job whose Context has ended is cancelled when it is at the head, that is, when it runs. The
/// server cancels what runs when the request arrives, and that may be the next job by then: nothing
/// is sent meanwhile, and a job that was hit without being meant is sent again.
class Connection final : public std::enable_shared_from_this<Connection>,
                         private net::StreamHandler,
                         private net::Timer {
 public:
  Connection(net::Loop& loop, Connected connected, const Options& options, ConnectionOwner& owner);
  ~Connection();

  /// Sends a job, or keeps it until a cancel request has been answered.
  void send(JobPtr job);
  /// The Context of who waits for a job has ended.
  void abandon(const JobPtr& job);
  /// Ends all jobs with UNAVAILABLE, or as what is not known, and closes.
  void close(std::string_view reason) noexcept;

  bool broken() const noexcept { return broken_; }
  /// How many jobs wait for an answer.
  std::size_t depth() const noexcept { return sent_.size() + held_.size(); }
  /// Whether a further job would be sent at once.
  bool takes_more() const noexcept { return !broken_ && !cancelling_ && !runs_alone(); }
  /// Since when the job at the head runs.
  TimePoint head_since() const noexcept { return head_since_; }
  TimePoint idle_since() const noexcept { return idle_since_; }
  TimePoint opened() const noexcept { return opened_; }
  /// Whether no transaction is open in it, as far as the server has said.
  bool outside_transaction() const noexcept;

 private:
  // net::StreamHandler
  void on_readable() noexcept override;
  void on_writable() noexcept override;

  struct Sent {
    JobPtr job;
    std::string name;          // of the prepared statement
    bool deallocates = false;  // another statement, first
    bool prepares = false;     // this statement, before it runs
  };

  // Sending.
  bool write(Sent& sent);
  bool write_statement(Sent& sent);
  bool write_runs(const Sent& sent);
  void flush();

  // Receiving.
  void take_results();
  void take(const PgResult& result);
  void take_rows(const PGresult* result);
  void take_outcome(const PGresult* result);
  void take_error(const PGresult* result);
  void begin_head();
  void begin_step();
  void end_head();

  // Cancelling: connection_cancel.cc.
  bool runs_alone() const noexcept {
    return !sent_.empty() && sent_.back().job->sharing == Job::Sharing::Alone;
  }
  bool head_is_abandoned() const noexcept { return !sent_.empty() && sent_.front().job->abandoned; }
  void cancel_head();
  void start_canceller();
  void cancel_ended() noexcept;
  static void cancel_timed_out(net::Timer& timer) noexcept;

  bool is_to_be_repeated(const Sent& sent) const;
  void break_off(std::string_view reason) noexcept;
  void end_lost(Job& job, std::string_view reason) const;

  net::Loop& loop_;
  const Options& options_;
  ConnectionOwner& owner_;
  Connected connected_;
  std::optional<net::Readiness> readiness_;
  PreparedNames names_;
  Parameters parameters_;
  std::deque<Sent> sent_;
  std::deque<JobPtr> held_;
  std::size_t step_ = 0;    // of the head's: Deallocate, Prepare, and each run
  std::string head_state_;  // SQLSTATE of the head's error
  bool head_plan_changed_ = false;
  TimePoint opened_;
  TimePoint idle_since_;
  TimePoint head_since_{};
  std::optional<Task<Status>> canceller_;
  JobPtr cancel_for_;         // the job that the request is for
  bool cancelling_ = false;   // from the wish to cancel until the server has closed that connection
  bool cancel_sent_ = false;  // and what is sent already may be hit
  bool broken_ = false;
};

}  // namespace weft::postgres
