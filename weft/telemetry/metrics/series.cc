#include "weft/telemetry/metrics/series.h"

#include <algorithm>
#include <mutex>
#include <new>

namespace weft::telemetry::internal {
namespace {

constexpr std::uint32_t kFirstTable = 4;

void add_double(Word& word, double more) noexcept {
  std::uint64_t before = word.load(std::memory_order_relaxed);
  while (!word.compare_exchange_weak(
      before, __builtin_bit_cast(std::uint64_t, __builtin_bit_cast(double, before) + more),
      std::memory_order_relaxed)) {
  }
}

}  // namespace

Series::~Series() {
  Table* table = table_.load(std::memory_order_acquire);
  if (table != nullptr) {
    for (std::uint32_t slot = 0; slot < table->size; ++slot) {
      Word* const cell = table->cells()[slot].load(std::memory_order_relaxed);
      if (cell != nullptr) free_cell(slot, cell, words_);
    }
  }
  while (table != nullptr)
    ::operator delete(static_cast<void*>(std::exchange(table, table->before)));
  delete[] shared_.load(std::memory_order_acquire);
  delete exemplars_.load(std::memory_order_acquire);
}

void Series::count_slowly(std::uint64_t more) noexcept {
  if (Word* const cell = make_own_cell(); cell != nullptr) return add_to(*cell, more);
  if (Word* const cell = shared_cell(); cell != nullptr) {
    cell->fetch_add(more, std::memory_order_relaxed);
  }
}

void Series::record_slowly(std::size_t bucket, double value) noexcept {
  if (make_own_cell() != nullptr) return record(value);
  Word* const cell = shared_cell();
  if (cell == nullptr) return;
  cell[bucket].fetch_add(1, std::memory_order_relaxed);
  add_double(cell[words_ - 1], value);
}

Word* Series::make_own_cell() noexcept {
  const std::uint32_t slot = take_slot();
  if (slot >= kMaxSlots) return nullptr;
  const std::lock_guard lock(shape_->mutex);
  Table* table = table_.load(std::memory_order_relaxed);
  if (table == nullptr || slot >= table->size) table = grown(table, slot);
  if (table == nullptr) return nullptr;
  Word* cell = table->cells()[slot].load(std::memory_order_relaxed);
  if (cell != nullptr) return cell;
  cell = make_cell(slot, words_);
  table->cells()[slot].store(cell, std::memory_order_release);
  return cell;
}

Series::Table* Series::grown(Table* table, std::uint32_t slot) noexcept {
  std::uint32_t size = table == nullptr ? kFirstTable : table->size;
  while (size <= slot) size *= 2;
  void* const memory =
      ::operator new(sizeof(Table) + size * sizeof(std::atomic<Word*>), std::nothrow);
  if (memory == nullptr) return nullptr;
  auto* const made = new (memory) Table{.size = size, .before = table};
  for (std::uint32_t i = 0; i < size; ++i) {
    Word* const cell = table != nullptr && i < table->size
                           ? table->cells()[i].load(std::memory_order_relaxed)
                           : nullptr;
    new (made->cells() + i) std::atomic<Word*>(cell);
  }
  table_.store(made, std::memory_order_release);
  return made;
}

/// Written with read-modify-write instructions, by all who have no slot.
Word* Series::shared_cell() noexcept {
  if (Word* const cell = shared_.load(std::memory_order_acquire)) return cell;
  const std::lock_guard lock(shape_->mutex);
  Word* cell = shared_.load(std::memory_order_relaxed);
  if (cell != nullptr) return cell;
  cell = new (std::nothrow) Word[words_]{};
  shared_.store(cell, std::memory_order_release);
  return cell;
}

template <class Visit>
void Series::visit_cells(Visit visit) const noexcept {
  const Table* const table = table_.load(std::memory_order_acquire);
  for (std::uint32_t slot = 0; table != nullptr && slot < table->size; ++slot) {
    const Word* const cell = table->cells()[slot].load(std::memory_order_acquire);
    if (cell != nullptr) visit(cell);
  }
  if (const Word* const cell = shared_.load(std::memory_order_acquire)) visit(cell);
}

std::uint64_t Series::total() const noexcept {
  std::uint64_t sum = 0;
  visit_cells([&](const Word* cell) { sum += cell->load(std::memory_order_relaxed); });
  return sum;
}

double Series::buckets(std::span<std::uint64_t> counts) const noexcept {
  double sum = 0;
  std::ranges::fill(counts, 0);
  visit_cells([&](const Word* cell) {
    for (std::size_t i = 0; i < counts.size(); ++i) {
      counts[i] += cell[i].load(std::memory_order_relaxed);
    }
    sum += __builtin_bit_cast(double, cell[words_ - 1].load(std::memory_order_relaxed));
  });
  return sum;
}

void Series::keep(const Exemplar& exemplar) noexcept {
  Exemplars* all = exemplars_.load(std::memory_order_acquire);
  if (all == nullptr) {
    auto* const made = new (std::nothrow) Exemplars;
    if (made == nullptr) return;
    if (exemplars_.compare_exchange_strong(all, made, std::memory_order_acq_rel)) {
      all = made;
    } else {
      delete made;
    }
  }
  if (all->busy.exchange(true, std::memory_order_acquire)) return;
  const auto begin = all->kept.begin();
  const auto end = begin + static_cast<std::ptrdiff_t>(all->count);
  auto place = std::find_if(begin, end,
                            [&](const Exemplar& kept) { return kept.bucket == exemplar.bucket; });
  if (place == end && all->count < kExemplars) {
    ++all->count;
  } else if (place == end) {
    place =
        begin + static_cast<std::ptrdiff_t>(std::exchange(all->next, (all->next + 1) % kExemplars));
  }
  *place = exemplar;
  all->busy.store(false, std::memory_order_release);
}

std::vector<Exemplar> Series::exemplars() const {
  Exemplars* const all = exemplars_.load(std::memory_order_acquire);
  if (all == nullptr || all->busy.exchange(true, std::memory_order_acquire)) return {};
  std::vector<Exemplar> copy;
  copy.reserve(kExemplars);
  copy.assign(all->kept.begin(), all->kept.begin() + static_cast<std::ptrdiff_t>(all->count));
  all->busy.store(false, std::memory_order_release);
  return copy;
}

std::size_t Series::memory() const noexcept {
  std::size_t bytes = 0;
  visit_cells([&](const Word*) { bytes += cell_bytes(words_); });
  for (const Table* table = table_.load(std::memory_order_acquire); table != nullptr;
       table = table->before) {
    bytes += sizeof(Table) + table->size * sizeof(std::atomic<Word*>);
  }
  return exemplars_.load(std::memory_order_acquire) == nullptr ? bytes : bytes + sizeof(Exemplars);
}

}  // namespace weft::telemetry::internal
