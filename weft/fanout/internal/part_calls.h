#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "weft/coro/frame/countdown.h"
#include "weft/net/loop/wait.h"
#include "weft/rpc/client/unary_call.h"

namespace weft::fanout {

/// The unary sub-calls of one call, which run side by side. Lives in the frame of the coroutine
/// that serves the call.
class PartCalls {
 public:
  struct Part {
    Part(PartCalls& owner, std::size_t number, Message request);
    PartCalls& calls;
    std::size_t index;
    rpc::SingleRequest request;
    rpc::SingleResponse response;
    Call call;
    Status status;
    Bytes bytes;  // the response, once ended with OK
    bool ended = false;
    // Last, so that its frame goes before what it refers to.
    Task<Status> task{Status()};
  };

  explicit PartCalls(Call& call) noexcept : call_(call) {}
  PartCalls(const PartCalls&) = delete;
  PartCalls& operator=(const PartCalls&) = delete;

  Call& call() const noexcept { return call_; }
  /// What start_all() starts.
  void add(std::size_t index, Message request);
  void start_all(const std::vector<Service*>& services);
  const std::vector<std::unique_ptr<Part>>& parts() const noexcept { return parts_; }
  /// Those that have ended, in that order.
  const std::vector<Part*>& ended() const noexcept { return ended_; }
  void cancel_the_rest(const Status& reason) noexcept;

  /// What a coroutine waits with until another part ends. For net::Awaited.
  net::Wait*& waiting() noexcept { return waiting_; }
  coro::Countdown& running() noexcept { return running_; }

 private:
  static void on_ended(void* argument) noexcept;

  Call& call_;
  std::vector<std::unique_ptr<Part>> parts_;
  std::vector<Part*> ended_;
  coro::Countdown running_;
  net::Wait* waiting_ = nullptr;
};

}  // namespace weft::fanout
