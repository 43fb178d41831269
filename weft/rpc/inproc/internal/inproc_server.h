#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "weft/base/function.h"
#include "weft/base/intrusive_list.h"
#include "weft/net/loop/loop.h"
#include "weft/rpc/inproc/internal/local_call.h"
#include "weft/rpc/server/dispatcher.h"

namespace weft::rpc {

class InprocServer;

/// What a server serves for callers of its own process on one of its loops. Used on that loop's
/// thread, except where it says otherwise.
class InprocPart final : private net::LoopEndHook {
 public:
  InprocPart(InprocServer& server, net::Loop& loop) noexcept : server_(server), loop_(loop) {}
  InprocPart(const InprocPart&) = delete;
  InprocPart& operator=(const InprocPart&) = delete;
  ~InprocPart() = default;

  net::Loop& loop() const noexcept { return loop_; }
  InprocServer& server() const noexcept { return server_; }
  const Peer::Ref& peer();
  /// From any thread.
  std::size_t live_calls() const noexcept { return live_.load(std::memory_order_relaxed); }

  void call_began(LocalCall& call);
  void call_ended() noexcept;
  /// Calls `function` when no call is left; at once where that is so.
  void when_idle(UniqueFunction<void()> function);
  void cancel_all(const Status& reason) noexcept;
  std::string describe_calls();

 private:
  void on_loop_end() noexcept override;
  void check_idle() noexcept;

  InprocServer& server_;
  net::Loop& loop_;
  Peer::Ref peer_;
  IntrusiveList<LocalCall, LocalCallNode> calls_;
  std::atomic<std::size_t> live_{0};  // written by this loop only
  UniqueFunction<void()> when_idle_;
  std::shared_ptr<InprocServer> keep_;  // while there are calls
};

/// A server as callers of its process know it, by a name.
class InprocServer final : public std::enable_shared_from_this<InprocServer> {
 public:
  InprocServer(std::string name, const CallLimits& limits, std::shared_ptr<Dispatcher> dispatcher,
               std::span<net::Loop* const> loops);
  InprocServer(const InprocServer&) = delete;
  InprocServer& operator=(const InprocServer&) = delete;
  ~InprocServer() = default;

  const std::string& name() const noexcept { return name_; }
  const CallLimits& limits() const noexcept { return limits_; }
  Dispatcher& dispatcher() const noexcept { return *dispatcher_; }
  const std::vector<std::unique_ptr<InprocPart>>& parts() const noexcept { return parts_; }
  /// The part on this loop; null where the loop is not one of the server's.
  InprocPart* part_of(const net::Loop& loop) const noexcept;
  /// One of them, in turn; from any thread.
  InprocPart& next_part() noexcept;

  /// From any thread: it takes no more calls.
  void drain() noexcept { draining_.store(true, std::memory_order_relaxed); }
  bool draining() const noexcept { return draining_.load(std::memory_order_relaxed); }
  /// It is the parent's, in a child of fork(), which does not run its loops.
  bool is_parents() const noexcept { return parts_.front()->loop().anchor()->is_parents(); }

 private:
  const std::string name_;
  const CallLimits limits_;
  const std::shared_ptr<Dispatcher> dispatcher_;
  std::vector<std::unique_ptr<InprocPart>> parts_;
  std::atomic<std::size_t> next_{0};
  std::atomic<bool> draining_{false};
};

}  // namespace weft::rpc
