#pragma once

#include <sys/types.h>

#include "weft/base/time.h"

namespace weft::net::internal {

// How long a thread that shares its core runs at a time, and how soon it gets the core when it
// wakes: Linux 6.12 and later choose the thread whose slice would end first, and let one that wakes
// interrupt another with a longer slice (EEVDF: I. Stoica, H. Abdel-Wahab, Earliest Eligible
// Virtual Deadline First, 1995; sched_setattr(2)). The share of the core is the same with any
// slice.

/// For threads that are waited for; the shortest there is.
inline constexpr Duration kPromptSlice = std::chrono::microseconds(100);
/// For threads that others should not wait for; the longest there is.
inline constexpr Duration kPatientSlice = std::chrono::milliseconds(100);

/// Gives a thread of this process another time slice, and returns the one it had. Zero where that
/// cannot be: the system refuses it, or the thread has a policy without slices; then nothing has
/// changed. Older kernels take it and ignore it. Threads that `thread` starts inherit it.
Duration change_slice(pid_t thread, Duration slice) noexcept;

}  // namespace weft::net::internal
