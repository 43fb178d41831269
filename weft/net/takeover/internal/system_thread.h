#pragma once

#include <cstdint>
#include <optional>

#include <sched.h>
#include <sys/types.h>

namespace weft::net::internal {

/// A thread of this process as the system knows it. Any thread may ask, while that one lives.
struct SystemThread {
  pid_t number = 0;
  /// Where the system writes the core it runs on (rseq(2), which glibc 2.35 and later sets up);
  /// null where it does not.
  const volatile std::uint32_t* core_number = nullptr;

  /// The core it runs on, or ran on last; none where the system does not say.
  std::optional<std::uint32_t> core() const noexcept;
  bool may_run_on(std::uint32_t core) const noexcept;
  /// Has it go to a core on which it may run (sched_setaffinity(2)), and when it is there, or some
  /// 20 microseconds later, lets it go on as the system likes. Where the system refuses, nothing
  /// happens. Threads that it starts itself within that time are kept to that core.
  void go_to(std::uint32_t core) const noexcept;
};

SystemThread this_thread() noexcept;

/// For a loop that waits for another thread: lets that one, if it shares this core's units, go on.
inline void pause_briefly() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#endif
}

/// Keeps a thread to one core for a while (sched_setaffinity(2)), and lets it run where it might
/// before afterwards. Where the system refuses, nothing happens. Used by one thread at a time:
/// the one that stays, or another while that one sleeps.
class CoreStay {
 public:
  explicit CoreStay(pid_t thread) noexcept : thread_(thread) {}
  CoreStay(const CoreStay&) = delete;
  CoreStay& operator=(const CoreStay&) = delete;
  ~CoreStay() { keep_to(std::nullopt); }

  /// None: ends the stay.
  void keep_to(std::optional<std::uint32_t> core) noexcept;

 private:
  const pid_t thread_;
  std::optional<std::uint32_t> core_;
  cpu_set_t home_{};  // where it may run otherwise
};

}  // namespace weft::net::internal
