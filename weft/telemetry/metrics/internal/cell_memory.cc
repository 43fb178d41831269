#include "weft/telemetry/metrics/internal/cell_memory.h"

#include <array>
#include <cstring>
#include <mutex>
#include <new>

#include "weft/base/fork_mutex.h"
#include "weft/telemetry/metrics/internal/thread_slot.h"

namespace weft::telemetry::internal {
namespace {

constexpr std::size_t kLine = 64;
constexpr std::size_t kPage = 4096;

/// Free cells of up to a line, by size; a page is cut into cells of one size and never given back.
/// Larger cells are whole lines of their own.
class Pages {
 public:
  void* take(std::size_t bytes) noexcept {
    const std::lock_guard lock(mutex_);
    void*& head = free_[index_of(bytes)];
    if (head == nullptr) head = cut(bytes);
    if (head == nullptr) return nullptr;
    void* const cell = head;
    std::memcpy(&head, cell, sizeof head);
    return cell;
  }
  void give_back(void* cell, std::size_t bytes) noexcept {
    const std::lock_guard lock(mutex_);
    void*& head = free_[index_of(bytes)];
    std::memcpy(cell, &head, sizeof head);
    head = cell;
  }

 private:
  static std::size_t index_of(std::size_t bytes) noexcept { return bytes / sizeof(Word) - 1; }
  /// A chain of free cells through a new page; null without memory.
  static void* cut(std::size_t bytes) noexcept {
    auto* const page =
        static_cast<char*>(::operator new(kPage, std::align_val_t{kLine}, std::nothrow));
    if (page == nullptr) return nullptr;
    void* next = nullptr;
    for (std::size_t at = kPage / bytes; at-- > 0;) {
      std::memcpy(page + at * bytes, &next, sizeof next);
      next = page + at * bytes;
    }
    return next;
  }

  ForkMutex mutex_;
  std::array<void*, kLine / sizeof(Word)> free_{};
};

/// Two sizes are enough: a word, and whole lines.
std::size_t rounded(std::size_t words) noexcept {
  return words == 1 ? sizeof(Word) : (words * sizeof(Word) + kLine - 1) / kLine * kLine;
}

constinit NeverDestroyed<std::array<Pages, kMaxSlots>> pages;

}  // namespace

std::size_t cell_bytes(std::size_t words) noexcept { return rounded(words); }

Word* make_cell(std::uint32_t slot, std::size_t words) noexcept {
  const std::size_t bytes = rounded(words);
  void* const memory = bytes <= kLine
                           ? pages.object[slot].take(bytes)
                           : ::operator new(bytes, std::align_val_t{kLine}, std::nothrow);
  if (memory == nullptr) return nullptr;
  auto* const cell = static_cast<Word*>(memory);
  for (std::size_t i = 0; i < words; ++i) new (cell + i) Word(0);
  return cell;
}

void free_cell(std::uint32_t slot, Word* cell, std::size_t words) noexcept {
  const std::size_t bytes = rounded(words);
  if (bytes <= kLine) {
    pages.object[slot].give_back(cell, bytes);
  } else {
    ::operator delete(static_cast<void*>(cell), std::align_val_t{kLine});
  }
}

}  // namespace weft::telemetry::internal
