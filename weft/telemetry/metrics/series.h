#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "weft/base/fork_mutex.h"
#include "weft/coro/trace_context.h"
#include "weft/telemetry/metrics/bounds.h"
#include "weft/telemetry/metrics/declaration.h"
#include "weft/telemetry/metrics/internal/cell_memory.h"
#include "weft/telemetry/metrics/internal/thread_slot.h"

namespace weft::telemetry {

/// A value that leads to the trace in which it was recorded.
struct Exemplar {
  std::uint32_t bucket = 0;  ///< 0 for a counter
  std::uint32_t second = 0;  ///< when, since 1970; so short that four of them fit into a series
  double value = 0;
  std::array<std::uint8_t, 16> trace_id{};
  std::array<std::uint8_t, 8> span_id{};
};

namespace internal {

/// What all series of a metric have in common.
struct Shape {
  MetricKind kind;
  std::optional<Bounds> bounds;  // of a histogram
  std::size_t words = 1;         // of a cell: a count, or buckets and a sum
  ForkMutex mutex;               // while cells are added
};

/// One set of labels of a metric, and the cells in which threads count it:
///
///     Series ── table ──▶ [ cell of slot 0 │ cell of slot 1 │ ... ]      a cell: 1 word, or a word
///        └──── shared ──▶ a cell that threads without a slot share       for each bucket and a sum
///
/// A thread finds its cell by its slot, with three loads, and is the only one that writes to it.
/// Cells and the table are made at first use. Readers add up all cells. Recorded to by any thread;
/// owned by reference, by handles and by the metric until it is removed from that.
class Series {
 public:
  class Ref;

  /// `number`: the how many-th series of its metric it is; 0: the one of all that overflow.
  Series(std::shared_ptr<Shape> shape, std::vector<std::string> labels, std::uint64_t number)
      : bounds_(shape->bounds ? &*shape->bounds : nullptr),
        words_(shape->words),
        shape_(std::move(shape)),
        labels_(std::move(labels)),
        number_(number),
        made_at_(std::chrono::system_clock::now()) {}
  Series(const Series&) = delete;
  Series& operator=(const Series&) = delete;
  ~Series();

  const Shape& shape() const noexcept { return *shape_; }
  /// Values in the order of the declaration's labels.
  const std::vector<std::string>& labels() const noexcept { return labels_; }
  std::uint64_t number() const noexcept { return number_; }
  bool is_overflow() const noexcept { return number_ == 0; }
  /// Since when it counts.
  std::chrono::system_clock::time_point made_at() const noexcept { return made_at_; }

  /// The calling thread's cell; null where there is none yet or it has no slot.
  Word* own_cell() const noexcept {
    const Table* const table = table_.load(std::memory_order_acquire);
    const std::uint32_t slot = slot_of_thread();
    if (table == nullptr || slot >= table->size) [[unlikely]]
      return nullptr;
    return table->cells()[slot].load(std::memory_order_acquire);
  }

  void count(std::uint64_t more) noexcept {
    if (Word* const cell = own_cell(); cell != nullptr) [[likely]] {
      add_to(*cell, more);
    } else {
      count_slowly(more);
    }
  }
  /// `value` is finite.
  void record(double value) noexcept {
    const std::size_t bucket = bounds_->bucket_of(value);
    if (Word* const cell = own_cell(); cell != nullptr) [[likely]] {
      add_to(cell[bucket], 1);
      Word& sum = cell[words_ - 1];
      const auto before = __builtin_bit_cast(double, sum.load(std::memory_order_relaxed));
      sum.store(__builtin_bit_cast(std::uint64_t, before + value), std::memory_order_relaxed);
    } else {
      record_slowly(bucket, value);
    }
  }
  void set(double value) noexcept { gauge_.store(value, std::memory_order_relaxed); }

  // Reading, from any thread.
  /// Of a counter.
  std::uint64_t total() const noexcept;
  double value() const noexcept { return gauge_.load(std::memory_order_relaxed); }
  /// Of a histogram: counts by bucket; the sum of the values.
  double buckets(std::span<std::uint64_t> counts) const noexcept;

  /// Keeps an exemplar if nobody else does so at this moment.
  void keep(const Exemplar& exemplar) noexcept;
  /// Those kept; at most one for each bucket.
  std::vector<Exemplar> exemplars() const;
  /// Bytes that cells and tables take now.
  std::size_t memory() const noexcept;

 private:
  /// Grows by being replaced; those before are kept, for threads that are looking at them.
  struct Table {
    std::uint32_t size;
    Table* before;
    std::atomic<Word*>* cells() noexcept { return reinterpret_cast<std::atomic<Word*>*>(this + 1); }
    const std::atomic<Word*>* cells() const noexcept {
      return reinterpret_cast<const std::atomic<Word*>*>(this + 1);
    }
  };
  static_assert(sizeof(Table) % alignof(std::atomic<Word*>) == 0);
  /// So many buckets have exemplars at a time: with them a histogram of 41 bounds takes less than
  /// 640 bytes.
  static constexpr std::size_t kExemplars = 4;
  struct Exemplars {
    std::atomic<bool> busy{false};
    std::size_t next = 0;
    std::size_t count = 0;
    std::array<Exemplar, kExemplars> kept{};
  };

  [[gnu::noinline]] void count_slowly(std::uint64_t more) noexcept;
  [[gnu::noinline]] void record_slowly(std::size_t bucket, double value) noexcept;
  /// The thread's cell, made if needed; null where the shared one is to be used.
  Word* make_own_cell() noexcept;
  Word* shared_cell() noexcept;
  Table* grown(Table* table, std::uint32_t slot) noexcept;
  template <class Visit>
  void visit_cells(Visit visit) const noexcept;

  mutable std::atomic<std::uint32_t> references_{1};
  std::atomic<Table*> table_{nullptr};
  // The shape's, for the way of a call.
  const Bounds* const bounds_;
  const std::size_t words_;
  const std::shared_ptr<Shape> shape_;
  std::atomic<Word*> shared_{nullptr};
  std::atomic<double> gauge_{0};
  std::atomic<Exemplars*> exemplars_{nullptr};
  const std::vector<std::string> labels_;
  const std::uint64_t number_;
  const std::chrono::system_clock::time_point made_at_;
};

/// Owns one reference; the last one deletes the series.
class Series::Ref {
 public:
  Ref() noexcept = default;
  /// Takes over the reference that a new one is made with.
  explicit Ref(Series* series) noexcept : series_(series) {}
  Ref(const Ref& other) noexcept : series_(other.series_) {
    if (series_ != nullptr) series_->references_.fetch_add(1, std::memory_order_relaxed);
  }
  Ref(Ref&& other) noexcept : series_(std::exchange(other.series_, nullptr)) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(series_, other.series_);
    return *this;
  }
  ~Ref() {
    if (series_ != nullptr && series_->references_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      delete series_;
    }
  }
  explicit operator bool() const noexcept { return series_ != nullptr; }
  Series* operator->() const noexcept { return series_; }
  Series& operator*() const noexcept { return *series_; }
  friend bool operator==(const Ref&, const Ref&) noexcept = default;

 private:
  Series* series_ = nullptr;
};

}  // namespace internal
}  // namespace weft::telemetry
