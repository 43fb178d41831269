#pragma once

#include <optional>
#include <utility>

#include "weft/base/intrusive_list.h"
#include "weft/base/status.h"
#include "weft/coro/context.h"
#include "weft/coro/event.h"
#include "weft/coro/task.h"

namespace weft::transaction::internal {

/// Tasks that work with an object and whose callers may still wait when the object goes. As a
/// member of the object, the last one, this ends them first. Belongs to one loop.
class Guests {
 public:
  Guests() = default;
  Guests(const Guests&) = delete;
  Guests& operator=(const Guests&) = delete;
  ~Guests() {
    while (Guest* const guest = guests_.pop_front()) guest->drop();
  }

  /// Awaits `work`, which ends with CANCELLED when this goes, or with the caller's reason when the
  /// caller is cancelled. The caller touches nothing of the object after that.
  template <class T>
  Task<T> run(Task<T> work) {
    Visit<T> visit(std::move(work));
    guests_.push_back(visit);
    visit.start(co_await current_context());
    Status waited = co_await visit.over().wait();
    if (!waited.ok()) co_return waited;
    co_return visit.take();
  }

 private:
  class Guest : public ListNode {
   public:
    virtual void drop() noexcept = 0;
    Event& over() noexcept { return over_; }

   protected:
    Guest() = default;
    ~Guest() = default;

   private:
    Event over_;
  };

  /// Lies in its caller's frame.
  template <class T>
  class Visit final : public Guest {
   public:
    explicit Visit(Task<T> work) : work_(std::move(work)) {}
    void start(Context* context) {
      work_->start(context,
                   {.function = [](void* over) noexcept { static_cast<Event*>(over)->set(); },
                    .argument = &this->over()});
    }
    void drop() noexcept override {
      work_.reset();
      this->over().set();
    }
    T take() {
      if (!work_) return T(cancelled("what it runs on was destroyed"));
      return work_->take();
    }

   private:
    std::optional<Task<T>> work_;
  };

  IntrusiveList<Guest> guests_;
};

}  // namespace weft::transaction::internal
