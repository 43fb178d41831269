#pragma once

#include <cstdint>

#include "weft/coro/executor.h"

namespace weft::telemetry::internal {

// A thread that records has a slot: a small number that no other living thread has, and with it
// the cells of that number in every series. It takes one when it first records and gives it back
// when it ends; the next thread that takes it goes on counting in the same cells, so nothing is
// lost and memory is bounded by how many threads record at a time.

/// Threads with cells of their own; the others share a cell of atomics in each series.
inline constexpr std::uint32_t kMaxSlots = 1024;
/// Has not recorded yet.
inline constexpr std::uint32_t kNoSlot = UINT32_MAX;
/// Shares a cell: all slots were taken, or it is about to end.
inline constexpr std::uint32_t kSharedSlot = UINT32_MAX - 1;

inline constinit thread_local std::uint32_t this_slot = kNoSlot;

/// This thread's slot, kNoSlot or kSharedSlot.
WEFT_NOT_INLINE_IN_COROUTINES inline std::uint32_t slot_of_thread() noexcept { return this_slot; }

/// The same, after this thread has taken one where it had none yet.
std::uint32_t take_slot() noexcept;

}  // namespace weft::telemetry::internal
