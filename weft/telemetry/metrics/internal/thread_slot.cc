#include "weft/telemetry/metrics/internal/thread_slot.h"

#include <array>
#include <mutex>

#include "weft/base/fork_mutex.h"

namespace weft::telemetry::internal {
namespace {

/// Which slots are free. Taking and giving back orders what two threads do to the same cells.
class Slots {
 public:
  std::uint32_t take() noexcept {
    const std::lock_guard lock(mutex_);
    if (free_count_ != 0) return free_[--free_count_];
    return next_ < kMaxSlots ? next_++ : kSharedSlot;
  }
  void give_back(std::uint32_t slot) noexcept {
    const std::lock_guard lock(mutex_);
    free_[free_count_++] = slot;
  }

 private:
  ForkMutex mutex_;
  std::array<std::uint32_t, kMaxSlots> free_{};
  std::uint32_t free_count_ = 0;
  std::uint32_t next_ = 0;
};

constinit NeverDestroyed<Slots> slots;

/// Gives the slot back when its thread ends. What that thread records later, in destructors of its
/// other variables or at the program's exit, goes to shared cells.
struct SlotOwner {
  SlotOwner() noexcept = default;
  SlotOwner(const SlotOwner&) = delete;
  SlotOwner& operator=(const SlotOwner&) = delete;
  ~SlotOwner() {
    const std::uint32_t slot = this_slot;
    this_slot = kSharedSlot;
    if (slot < kMaxSlots) slots.object.give_back(slot);
  }
  void arm() const noexcept {}
};

thread_local const SlotOwner owner;

}  // namespace

std::uint32_t take_slot() noexcept {
  if (this_slot == kNoSlot) {
    this_slot = slots.object.take();
    owner.arm();  // its first use by the thread has it destroyed when that ends
  }
  return this_slot;
}

}  // namespace weft::telemetry::internal
