#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace weft::telemetry::internal {

/// What one thread counts of one series: words that this thread alone writes and others read.
/// Without read-modify-write instructions, since there is one writer.
using Word = std::atomic<std::uint64_t>;

inline void add_to(Word& word, std::uint64_t more) noexcept {
  word.store(word.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
}

/// Cells of `words` zeroed words for the thread of `slot`. They come from pages of one slot each,
/// so that threads do not write to each other's cache lines. Null without memory. From any thread.
Word* make_cell(std::uint32_t slot, std::size_t words) noexcept;
/// Takes back what make_cell() gave for the same slot and size.
void free_cell(std::uint32_t slot, Word* cell, std::size_t words) noexcept;

/// Bytes that a cell of `words` takes.
std::size_t cell_bytes(std::size_t words) noexcept;

}  // namespace weft::telemetry::internal
