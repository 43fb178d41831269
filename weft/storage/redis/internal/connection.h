#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>

#include "weft/base/intrusive_list.h"
#include "weft/net/loop/loop.h"
#include "weft/net/loop/timer.h"
#include "weft/net/socket/stream.h"
#include "weft/storage/redis/internal/connect.h"
#include "weft/storage/redis/internal/job.h"
#include "weft/storage/redis/internal/output.h"
#include "weft/storage/redis/protocol/parser.h"

namespace weft::redis {

/// Who uses a connection: told in the middle of reading, so it resumes no coroutine and does not
/// destroy the connection.
class ConnectionOwner {
 public:
  /// There is room for more jobs.
  virtual void on_room() noexcept = 0;
  /// It cannot be used any more. `again`: the jobs that are to be sent once more, in their order.
  virtual void on_broken(IntrusiveList<Job>& again) noexcept = 0;

 protected:
  ~ConnectionOwner() = default;
};

/// A connection whose jobs are written at the end of a turn, in one piece, and answered in their
/// order. A job that nobody waits for any more leaves its place, whose answer is dropped.
class Connection final : private net::StreamHandler, private net::TurnEndHook, private net::Timer {
 public:
  Connection(net::Loop& loop, std::unique_ptr<net::Stream> stream, const Setup& setup,
             ConnectionOwner& owner);
  ~Connection();

  void send(Job& job);
  void abandon(Job& job) noexcept;
  /// Ends its jobs, or hands them back to the owner, and closes.
  void close(const Status& reason) noexcept;
  bool broken() const noexcept { return broken_; }
  bool takes_more() const noexcept {
    return !broken_ && !retiring_ && places_.size() < setup_.options.pipeline_depth &&
           output_.size() < kMostOutput;
  }

 private:
  /// Unsent bytes beyond which jobs wait.
  static constexpr std::size_t kMostOutput = std::size_t{1} << 20;
  struct Place {
    Job* job;             // null: dropped
    std::size_t due;      // replies
    std::uint64_t begin;  // of its bytes among all that were added
    std::uint64_t end;
  };

  // net::StreamHandler
  void on_readable() noexcept override;
  void on_writable() noexcept override { write(); }
  // net::TurnEndHook
  void on_turn_end() noexcept override { write(); }

  void write() noexcept;
  bool take_bytes(std::string_view bytes);
  bool take_reply(Value value, Status error);
  void note_sent(std::size_t count);
  bool may_repeat(const Place& place) const noexcept;
  void end_lost(Job& job, const Status& reason) const;
  static void expired(net::Timer& timer) noexcept;

  net::Loop& loop_;
  std::unique_ptr<net::Stream> stream_;
  const Setup& setup_;
  ConnectionOwner& owner_;
  Parser parser_;
  std::deque<Place> places_;
  std::uint64_t first_ticket_ = 0;  // of the place in front
  Output output_;
  std::uint64_t added_ = 0;  // bytes, since the beginning
  std::uint64_t sent_ = 0;   // of these, that the system has
  /// When bytes came, or went out of the job in front, or a job was added where none waited.
  TimePoint last_progress_{};
  bool retiring_ = false;  // closed when nothing waits: another server is to be found
  bool broken_ = false;
};

}  // namespace weft::redis
