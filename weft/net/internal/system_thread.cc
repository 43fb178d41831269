#include "weft/net/internal/system_thread.h"

#include <sys/syscall.h>
#include <unistd.h>

#if __has_include(<sys/rseq.h>)
#include <sys/rseq.h>
#endif

namespace weft::net::internal {
namespace {

const volatile std::uint32_t* own_core_number() noexcept {
#ifdef RSEQ_SIG
  if (__rseq_size == 0) return nullptr;  // not set up
  auto* const own = static_cast<char*>(__builtin_thread_pointer()) + __rseq_offset;
  return &reinterpret_cast<const struct rseq*>(own)->cpu_id;
#else
  return nullptr;
#endif
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

void CoreStay::keep_to(std::optional<std::uint32_t> core) noexcept {
  if (core == core_) return;
  if (!core) {
    ::sched_setaffinity(thread_, sizeof home_, &home_);
  } else {
    if (!core_ && ::sched_getaffinity(thread_, sizeof home_, &home_) != 0) return;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(*core, &one);
    if (::sched_setaffinity(thread_, sizeof one, &one) != 0) return;
  }
  core_ = core;
}

}  // namespace weft::net::internal
