#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include "weft/coro/task.h"
#include "weft/net/loop/loop.h"
#include "weft/net/loop/wait.h"

namespace weft::transaction::internal {

/// Wakes one relay, which waits on a loop, from any thread.
class Wakeup {
 public:
  /// False where there is a relay already.
  bool attach(net::Loop& loop) {
    const std::scoped_lock lock(mutex_);
    if (attachment_ != nullptr) return false;
    attachment_ = std::make_shared<Attachment>(loop.anchor());
    return true;
  }
  void detach() {
    const std::scoped_lock lock(mutex_);
    attachment_ = nullptr;
  }
  void wake() {
    std::shared_ptr<Attachment> attachment;
    {
      const std::scoped_lock lock(mutex_);
      if (std::exchange(woken_, true)) return;
      attachment = attachment_;
    }
    if (attachment == nullptr) return;
    attachment->anchor->post([attachment] {
      if (attachment->waiting != nullptr) attachment->waiting->complete();
    });
  }
  /// Whether somebody has called wake() since the last time.
  bool take() {
    const std::scoped_lock lock(mutex_);
    return std::exchange(woken_, false);
  }
  /// On the relay's loop: waits until wake(), for `longest` at most; at once where it was called
  /// before.
  static Task<Status> wait(std::shared_ptr<Wakeup> self, net::Loop& loop, Duration longest) {
    net::Wait wait(loop, after(loop.now(), longest));
    const Waiting here(self->attachment(), wait);
    if (self->woken()) co_return ok_status();
    co_return co_await wait;
  }

 private:
  /// A relay and its loop. What is posted to a loop touches the attachment that it was posted for,
  /// never that of a later relay, which may be on another loop.
  struct Attachment {
    explicit Attachment(std::shared_ptr<net::LoopAnchor> of) : anchor(std::move(of)) {}
    const std::shared_ptr<net::LoopAnchor> anchor;
    net::Wait* waiting = nullptr;  // touched on the relay's loop only
  };
  class Waiting {
   public:
    Waiting(std::shared_ptr<Attachment> of, net::Wait& wait) : of_(std::move(of)) {
      of_->waiting = &wait;
    }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    ~Waiting() { of_->waiting = nullptr; }

   private:
    const std::shared_ptr<Attachment> of_;
  };
  std::shared_ptr<Attachment> attachment() {
    const std::scoped_lock lock(mutex_);
    return attachment_;
  }
  bool woken() {
    const std::scoped_lock lock(mutex_);
    return woken_;
  }

  std::mutex mutex_;
  std::shared_ptr<Attachment> attachment_;
  bool woken_ = false;
};

}  // namespace weft::transaction::internal
