#include "weft/net/takeover/internal/system_thread.h"

#include <sys/syscall.h>
#include <unistd.h>

#if __has_include(<sys/rseq.h>)
#include <sys/rseq.h>
#endif

namespace weft::net::internal {
namespace {

// Some 20 microseconds: several times what a core that is awake takes to begin with a thread.
constexpr int kSpins = 2000;

const volatile std::uint32_t* own_core_number() noexcept {
#ifdef RSEQ_SIG
  if (__rseq_size == 0) return nullptr;  // not set up
  auto* const own = static_cast<char*>(__builtin_thread_pointer()) + __rseq_offset;
  return &reinterpret_cast<const struct rseq*>(own)->cpu_id;
#else
  return nullptr;
#endif
}

/// False where the system does not say, or refuses.
bool get_cores(pid_t thread, cpu_set_t& cores) noexcept {
  return ::sched_getaffinity(thread, sizeof cores, &cores) == 0;
}

bool set_cores(pid_t thread, const cpu_set_t& cores) noexcept {
  return ::sched_setaffinity(thread, sizeof cores, &cores) == 0;
}

bool keep_on(pid_t thread, std::uint32_t core) noexcept {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(core, &one);
  return set_cores(thread, one);
}

}  // namespace

SystemThread this_thread() noexcept {
  return {static_cast<pid_t>(::syscall(SYS_gettid)), own_core_number()};
}

std::optional<std::uint32_t> SystemThread::core() const noexcept {
  if (core_number == nullptr) return std::nullopt;
  const std::uint32_t core = *core_number;
  // Numbers of what could not be set up are beyond any core's.
  return core < CPU_SETSIZE ? std::optional(core) : std::nullopt;
}

bool SystemThread::may_run_on(std::uint32_t core) const noexcept {
  cpu_set_t cores;
  return get_cores(number, cores) && CPU_ISSET(core, &cores);
}

void SystemThread::go_to(std::uint32_t core) const noexcept {
  cpu_set_t before;
  if (!get_cores(number, before) || !keep_on(number, core)) return;
  // Until it runs there, a core that becomes idle may fetch it back.
  for (int i = 0; i < kSpins && this->core() != core; ++i) pause_briefly();
  set_cores(number, before);
}

void CoreStay::keep_to(std::optional<std::uint32_t> core) noexcept {
  if (core == core_) return;
  if (!core) {
    set_cores(thread_, home_);
  } else {
    if (!core_ && !get_cores(thread_, home_)) return;
    if (!keep_on(thread_, *core)) return;
  }
  core_ = core;
}

}  // namespace weft::net::internal
