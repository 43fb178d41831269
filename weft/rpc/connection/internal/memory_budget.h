#pragma once

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "weft/base/local_ref.h"
#include "weft/base/status.h"
#include "weft/rpc/connection/internal/read_budget.h"
#include "weft/rpc/server/server.h"

namespace weft::rpc {

/// The options' limits, or what they are by default.
std::size_t connection_memory_limit(const ServerOptions& options) noexcept;
std::size_t server_memory_limit(const ServerOptions& options) noexcept;

/// What a connection takes beside what is counted: OpenSSL's state, during the handshake and after.
inline constexpr std::size_t kTlsMemory = std::size_t{48} * 1024;

/// Bytes of memory that a server holds for its clients, all loops together, and how many it may.
/// From any thread.
class ServerMemory {
 public:
  void set_limit(std::size_t limit) noexcept { limit_ = limit; }
  std::size_t limit() const noexcept { return limit_; }
  std::size_t held() const noexcept {
    return static_cast<std::size_t>(
        std::max<std::int64_t>(0, held_.load(std::memory_order_relaxed)));
  }
  /// From here on clients that hold more than their share get no more.
  bool scarce() const noexcept { return held() > limit_ / 4 * 3; }
  /// From here on those that hold most are sent away, to leave room for the others.
  bool overfull() const noexcept { return held() > limit_ / 8 * 7; }
  /// New connections are refused, and only connections that hold next to nothing may grow.
  bool exhausted() const noexcept { return held() > limit_; }
  void add(std::int64_t bytes) noexcept { held_.fetch_add(bytes, std::memory_order_relaxed); }

  /// Remembers how much there was, for much_freed().
  void note_peak() noexcept {
    const std::size_t now = held();
    if (now > peak_.load(std::memory_order_relaxed)) peak_.store(now, std::memory_order_relaxed);
  }
  /// So much has been freed since the peak that it is worth giving back to the system.
  bool much_freed() const noexcept {
    const std::size_t peak = peak_.load(std::memory_order_relaxed);
    return peak > held() + kWorthGivingBack && held() < peak / 2;
  }
  void forget_peak() noexcept { peak_.store(held(), std::memory_order_relaxed); }

  void connection_began() noexcept { connections_.fetch_add(1, std::memory_order_relaxed); }
  void connection_ended() noexcept { connections_.fetch_sub(1, std::memory_order_relaxed); }
  /// What each connection may hold when memory is scarce.
  std::size_t share() const noexcept {
    return limit_ / 2 / std::max<std::size_t>(1, connections_.load(std::memory_order_relaxed));
  }
  /// What each may hold when nothing is left, for as long as those that hold most have not been
  /// sent away: all together an eighth of the limit.
  std::size_t next_to_nothing() const noexcept { return share() / 4; }

 private:
  std::atomic<std::size_t> connections_{0};
  static constexpr std::size_t kWorthGivingBack = std::size_t{32} * 1024 * 1024;

  std::atomic<std::int64_t> held_{0};
  std::atomic<std::size_t> peak_{0};
  std::size_t limit_ = SIZE_MAX;
};

/// Watches over the server's memory.
class MemoryKeeper {
 public:
  /// There is too little left.
  virtual void on_memory_overfull() noexcept = 0;
  /// Much of it has been freed.
  virtual void on_memory_freed() noexcept = 0;

 protected:
  ~MemoryKeeper() = default;
};

/// A loop's part of it. The loops' sums reach the server's in steps, so that a call costs no atomic
/// operation: held() of the server is right to kStep for each loop.
class LoopMemory {
 public:
  LoopMemory(ServerMemory& server, MemoryKeeper& keeper) noexcept
      : server_(server), keeper_(keeper) {}
  LoopMemory(const LoopMemory&) = delete;
  LoopMemory& operator=(const LoopMemory&) = delete;
  ~LoopMemory() { server_.add(unpublished_); }

  ServerMemory& server() noexcept { return server_; }
  void add(std::int64_t bytes) noexcept {
    unpublished_ += bytes;
    if (unpublished_ > kStep || unpublished_ < -kStep) [[unlikely]]
      publish();
  }
  void publish_quietly() noexcept { server_.add(std::exchange(unpublished_, 0)); }

 private:
  void publish() noexcept {
    const bool more = unpublished_ > 0;
    server_.add(std::exchange(unpublished_, 0));
    if (!more) {
      if (server_.much_freed()) keeper_.on_memory_freed();
      return;
    }
    server_.note_peak();
    if (server_.overfull()) keeper_.on_memory_overfull();
  }
  static constexpr std::int64_t kStep = std::int64_t{64} * 1024;

  ServerMemory& server_;
  MemoryKeeper& keeper_;
  std::int64_t unpublished_ = 0;
};

/// Bytes of memory that one client's connection makes the server hold, its calls included. Belongs
/// to one loop.
///
///        limit / 2                      limit
///   ─────────┬────────────────────────────┬──────────▶ held
///     free   │ unread messages earn no    │ what would add more ends with RESOURCE_EXHAUSTED:
///            │ credit, writers wait       │ new calls, messages that arrive
///
class ConnectionMemory {
 public:
  /// A client's: nothing is accounted.
  ConnectionMemory() noexcept = default;
  ConnectionMemory(LoopMemory& loop, std::size_t limit) noexcept : loop_(&loop), limit_(limit) {
    server().connection_began();
  }
  ConnectionMemory(const ConnectionMemory&) = delete;
  ConnectionMemory& operator=(const ConnectionMemory&) = delete;
  ~ConnectionMemory() {
    if (loop_ == nullptr) return;
    loop_->add(-held_);
    server().connection_ended();
  }

  /// Whether there is a limit; nothing is to be accounted where there is none.
  bool bounded() const noexcept { return loop_ != nullptr; }
  std::size_t held() const noexcept {
    return static_cast<std::size_t>(std::max<std::int64_t>(0, held_));
  }
  std::size_t limit() const noexcept { return limit_; }
  /// Only where bounded().
  ServerMemory& server() const noexcept { return loop_->server(); }
  /// Little is left, here or in the whole server.
  bool scarce() const noexcept { return bounded() && (held() > limit_ / 4 || server().scarce()); }
  /// It holds more than its part of what the server may hold.
  bool beyond_share() const noexcept { return held() > server().share(); }
  /// Whether the server has no room for more of it.
  bool crowded_out() const noexcept {
    return beyond_share() || (server().exhausted() && held() > server().next_to_nothing());
  }
  /// OK, or RESOURCE_EXHAUSTED with the reason for which it is to hold no more.
  Status admit() const {
    if (!bounded() || (held() <= limit_ && !server().scarce())) [[likely]]
      return {};
    return refuse();
  }

  void add(std::int64_t bytes) noexcept {
    held_ += bytes;
    loop_->add(bytes);
  }

  /// Of held(): whole messages that nobody has read yet.
  void add_unread(std::int64_t bytes) noexcept { unread_ += bytes; }
  bool many_unread() const noexcept { return unread_ > static_cast<std::int64_t>(limit_ / 2); }

  /// What the connection itself holds now, besides its calls.
  void set_own(std::size_t bytes) noexcept {
    const auto now = static_cast<std::int64_t>(bytes);
    add(now - std::exchange(own_, now));
  }

  /// Calls whose handler runs, though the client may have given them up.
  void call_began(std::size_t bytes) noexcept {
    ++calls_;
    add(static_cast<std::int64_t>(bytes));
  }
  void call_ended(std::size_t bytes) noexcept {
    --calls_;
    add(-static_cast<std::int64_t>(bytes));
  }
  std::size_t calls() const noexcept { return calls_; }
  /// Its calls have given back all that they had taken.
  bool calls_are_settled() const noexcept { return held_ == own_; }

 private:
  Status refuse() const;

  LoopMemory* loop_ = nullptr;
  std::size_t limit_ = SIZE_MAX;
  std::int64_t held_ = 0;
  std::int64_t unread_ = 0;
  std::int64_t own_ = 0;
  std::size_t calls_ = 0;
};

/// What one peer's connection may cost: memory, and time of its loop. Its calls may outlive it, so
/// it is shared by reference count, as all belong to one loop.
struct ConnectionAccount : LocalCounted {
  using Ref = LocalRef<ConnectionAccount>;
  /// A client's.
  explicit ConnectionAccount(net::Loop& loop) noexcept : reads(loop) {}
  ConnectionAccount(net::Loop& loop, LoopMemory& server, WaitingReads& waiting, std::size_t limit,
                    std::size_t ratio) noexcept
      : memory(server, limit), reads(loop, waiting), max_decompression_ratio(ratio) {}

  ConnectionAccount(const ConnectionAccount&) = delete;
  ConnectionAccount& operator=(const ConnectionAccount&) = delete;
  ~ConnectionAccount() { assert(memory.calls_are_settled()); }

  ConnectionMemory memory;
  ReadBudget reads;
  std::size_t max_decompression_ratio = 0;  // ServerOptions; 0: none
};

}  // namespace weft::rpc
