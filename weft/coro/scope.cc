#include "weft/coro/scope.h"

#include <coroutine>
#include <string>
#include <type_traits>
#include <utility>

#include "weft/base/fatal.h"
#include "weft/coro/frame/exception.h"
#include "weft/coro/frame/frame_pool.h"

namespace weft {

template <class T>
struct Scope::Child final : coro::Pooled {
  Child(Scope& owner, Task<T> body) noexcept : scope(owner), task(std::move(body)) {}

  Status outcome() noexcept {
    try {
      if constexpr (std::is_void_v<T>) {
        task.take();
        return {};
      } else {
        return task.take();
      }
    } catch (...) {
      return coro::status_of_current_exception("a task of a scope");
    }
  }
  static void ended(void* argument) noexcept {
    auto* child = static_cast<Child*>(argument);
    Scope& scope = child->scope;
    const Status status = child->outcome();
    delete child;
    // Last, because whoever joins may destroy the scope.
    scope.child_ended(status);
  }

  Scope& scope;
  Task<T> task;
};

namespace {

/// Waits for the end of the last child, whatever happens to the joiner's context.
class [[nodiscard("co_await it: until then nothing happens")]] LastChild {
 public:
  explicit LastChild(coro::WaiterList& list) noexcept : list_(list) {}
  bool await_ready() const noexcept { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> handle) noexcept {
    return waiter_.suspend(handle, list_, coro::OnCancel::KeepWaiting);
  }
  void await_resume() const noexcept {}

 private:
  coro::WaiterList& list_;
  coro::Waiter waiter_;
};

}  // namespace

Scope::~Scope() {
  if (running_ == 0) return;
  fatal("weft::Scope destroyed while " + std::to_string(running_) +
        " of its tasks run: co_await scope.join() first, on every path");
}

template <class T>
void Scope::start(Task<T> task) {
  Executor::leave_user_code();
  auto* child = new Child<T>(*this, std::move(task));
  ++running_;
  child->task.start(&context_, coro::DoneCallback{.function = &Child<T>::ended, .argument = child});
}

void Scope::spawn(Task<void> task) { start(std::move(task)); }
void Scope::spawn(Task<Status> task) { start(std::move(task)); }

void Scope::child_ended(const Status& status) noexcept {
  if (status_.ok()) status_ = status;
  if (--running_ > 0) return;
  coro::WaiterList woken;
  woken.splice_back(joining_);
  while (coro::Waiter* waiter = woken.pop_front()) waiter->wake();
}

Task<> Scope::join() {
  while (running_ > 0) co_await LastChild(joining_);
}

}  // namespace weft
