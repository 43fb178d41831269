#pragma once

#include <coroutine>
#include <utility>

#include "weft/net/loop/loop.h"

namespace weft::telemetry::internal {

/// `co_await GiveWay(loop)`: goes on in a turn of its own, after the events that are there by then.
class [[nodiscard("co_await it: until then nothing happens")]] GiveWay : private Runnable {
 public:
  explicit GiveWay(net::Loop& loop) noexcept : Runnable(&GiveWay::go_on), loop_(loop) {}
  GiveWay(const GiveWay&) = delete;
  GiveWay& operator=(const GiveWay&) = delete;
  ~GiveWay() { RunnableQueue::remove(*this); }

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) noexcept {
    handle_ = handle;
    loop_.ready_alone(*this);
  }
  void await_resume() const noexcept {}

 private:
  static void go_on(Runnable& item) noexcept {
    std::exchange(static_cast<GiveWay&>(item).handle_, nullptr).resume();
  }
  net::Loop& loop_;
  std::coroutine_handle<> handle_;
};

}  // namespace weft::telemetry::internal
