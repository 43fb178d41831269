#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "weft/base/status.h"
#include "weft/base/time.h"
#include "weft/codec/compression.h"

namespace weft::simulation {

enum class Kind : std::uint8_t { One, Up, Down, Both };

/// What a call is to do, decided before it begins.
struct CallPlan {
  std::uint64_t call = 0;
  Kind kind = Kind::One;
  std::string server;
  /// After the start; kForever where not.
  Duration timeout = kForever;
  Duration cancel_after = kForever;
  /// The stream is let go after half of its answers.
  bool abandon = false;
  /// Reads and writes at the same time.
  bool full_duplex = false;
  bool wait_for_ready = false;
  Compression compression = Compression::Identity;
  Compression answer_compression = Compression::Identity;
  std::uint32_t requests = 1;
  std::uint32_t request_size = 0;
  std::uint32_t answers = 1;
  std::uint32_t answer_size = 0;
  /// Between the client's steps and between the handler's, at most.
  Duration client_pause{};
  Duration handler_pause{};
  /// How the handler ends it when all went well.
  StatusCode code = StatusCode::Ok;
  /// The handler waits for its cancellation.
  bool hang = false;
  /// The server that the handler asks first; empty for none.
  std::string relay;

  std::string to_string() const;
};

/// What is known about a call from both of its ends.
struct CallRecord {
  CallPlan plan;
  TimePoint began{};
  TimePoint deadline = kNever;
  TimePoint ended{};
  int ends = 0;
  Status status;
  /// The caller's own context was cancelled.
  bool cancelled = false;
  int handlers = 0;
  bool handler_running = false;
  std::optional<Status> handler_status;
};

/// What is allowed to happen to calls in a run.
struct Rules {
  /// No network that fails and no server that is killed: what a server takes on, it finishes.
  bool gentle = false;
  /// A channel was destroyed with calls under way.
  bool channels_dropped = false;
  /// The server refuses calls beyond a limit.
  bool calls_limited = false;
  /// How late a deadline or a cancellation may be noticed.
  Duration tolerance = std::chrono::milliseconds(1);
};

/// Both ends of every call write down here what they see; whatever contradicts the rules of a call
/// is a fault. From any thread.
class Book {
 public:
  explicit Book(const Rules& rules) : rules_(rules) {}
  /// To be changed while nothing goes on only.
  Rules& rules() noexcept { return rules_; }

  // The client's end
  void began(const CallPlan& plan, TimePoint now, TimePoint deadline);
  void ended(std::uint64_t call, const Status& status, TimePoint now, bool cancelled);

  // The server's end
  void handler_began(std::uint64_t call, const std::string& server, TimePoint now,
                     TimePoint deadline);
  /// Without a status where the handler was destroyed rather than ended.
  void handler_ended(std::uint64_t call, const std::optional<Status>& status, TimePoint now,
                     TimePoint deadline);

  /// Something was seen that must not be.
  void fault(std::uint64_t call, const std::string& what);

  /// Judges every call, once all are over.
  void judge();

  struct Totals {
    std::size_t calls = 0;
    std::size_t open = 0;
    std::size_t handlers = 0;
    std::size_t handlers_running = 0;
    std::map<StatusCode, std::size_t> by_status;
  };
  Totals totals() const;
  std::size_t handlers_running() const;
  std::vector<std::string> faults() const;
  /// Judges and forgets the calls that were over by then, so that hours of them need no memory;
  /// what they count for stays.
  void forget_ended_before(TimePoint when);

 private:
  void judge(const CallRecord& record);
  void judge_time(const CallRecord& record);
  std::string why_wrong(const CallRecord& record) const;
  void fault_locked(std::uint64_t call, const std::string& what);

  Rules rules_;
  mutable std::mutex mutex_;
  std::map<std::uint64_t, CallRecord> calls_;
  Totals forgotten_;
  std::size_t handlers_running_ = 0;
  std::vector<std::string> faults_;
  std::size_t faults_untold_ = 0;
};

}  // namespace weft::simulation
