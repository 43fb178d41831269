#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "weft/cluster/endpoints/tried.h"
#include "weft/coro/task.h"
#include "weft/net/loop/timer.h"
#include "weft/rpc/call/call.h"
#include "weft/rpc/call/message/request_replay.h"

namespace weft::rpc {

class Attempt;

/// The attempts of one call: what retry, hedging and failover stand on (gRFC A6). Each attempt is a
/// Call of its own that is given all of the requests and keeps its response to itself. The first
/// that *commits* is adopted: its response becomes the call's, and the call is no longer repeated.
///
/// Lives in the frame of the coroutine that serves the call, which must not outlive the call's
/// service and ends its attempts before it ends. Belongs to the call's loop.
class Attempts {
 public:
  /// When an attempt commits, unless the requests become too many to be kept, or it ends for good.
  enum class CommitAt : std::uint8_t {
    ResponseMetadata,  ///< as gRFC A6 has it
    Response,          ///< a stream's first message; a single response is held back to the end
  };

  Attempts(Call& call, std::size_t buffer_limit, CommitAt commit_at) noexcept
      : call_(call),
        replay_(call.requests(), call.loop(), buffer_limit, &Attempts::on_overflow, this),
        commit_at_(commit_at) {}
  Attempts(const Attempts&) = delete;
  Attempts& operator=(const Attempts&) = delete;

  Call& call() noexcept { return call_; }
  /// The attempt whose response is the call's; null as long as there is none.
  const Attempt* adopted() const noexcept { return adopted_; }
  /// Above 0: an attempt was adopted because this many bytes of requests were kept, more than the
  /// limit.
  std::size_t overflowed_at() const noexcept { return overflowed_at_; }
  /// Called, once, when an attempt is adopted while it runs; must not end attempts there and then.
  using Hook = void (*)(void* argument) noexcept;
  void set_on_adopted(Hook hook, void* argument) noexcept {
    on_adopted_ = hook;
    on_adopted_argument_ = argument;
  }

 private:
  friend class Attempt;
  static void on_overflow(void* self, RequestReplay::Reader& reader, std::size_t kept) noexcept;
  bool adopt(Attempt& attempt) noexcept;
  bool holds_single_response() const noexcept;

  Call& call_;
  RequestReplay replay_;
  cluster::Tried tried_;
  Attempt* adopted_ = nullptr;
  std::size_t overflowed_at_ = 0;
  Hook on_adopted_ = nullptr;
  void* on_adopted_argument_ = nullptr;
  CommitAt commit_at_;
};

/// One attempt. Serve call(), then, if this attempt is to be the call's, finish().
class Attempt final : private MessageWriter, private net::Timer, private CancelHook {
 public:
  /// `previous`: how many attempts came before it.
  Attempt(Attempts& attempts, std::uint32_t previous);
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;
  ~Attempt() = default;

  Call& call() noexcept { return call_; }
  TimePoint begun() const noexcept { return begun_; }
  /// When the response's metadata came; kNever: it has not.
  TimePoint answered() const noexcept { return answered_; }
  bool adopted() const noexcept { return attempts_.adopted_ == this; }

  /// Cancels the attempt when it has not been adopted after that long; `option` names the option
  /// that sets the limit.
  void limit_until_adopted(Duration limit, const char* option);
  /// That has happened.
  bool timed_out() const noexcept { return timed_out_; }

  /// The attempt has ended with `status`, and so does the call, unless another was adopted:
  /// trailers and held messages become the call's.
  Task<Status> finish(Status status);

 private:
  Poll offer(const Message& message) override;
  void wait(Waiter& waiter) noexcept override;
  bool unwait() noexcept override;
  struct OwnCall : Call {
    explicit OwnCall(Attempt& attempt, Call& of)
        : Call(of.side(), of.loop(), of.path(), of.method(), &of.context()), self(attempt) {}
    Attempt& self;
  };
  static void on_response_metadata(Call& call) noexcept;
  static void on_timeout(net::Timer& timer) noexcept;
  static void on_cancelled(CancelHook& hook, const Status& reason) noexcept;
  void give_metadata() noexcept;
  Task<Status> deliver(Status status);

  friend class Attempts;
  Attempts& attempts_;
  RequestReplay::Reader requests_;
  OwnCall call_;
  TimePoint begun_;
  TimePoint answered_ = kNever;
  Duration limit_ = kForever;
  const char* limited_by_ = "";
  std::vector<Message> held_;
  Waiter* blocked_ = nullptr;  // was given to the writer of the call's responses
  bool timed_out_ = false;
};

}  // namespace weft::rpc
