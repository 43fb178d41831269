#include "weft/net/takeover/internal/time_slice.h"

#include <cerrno>
#include <cstdint>

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace weft::net::internal {
namespace {

/// The system's `struct sched_attr` in its first version, which any kernel knows; C libraries
/// declare it or not.
struct Attributes {
  std::uint32_t size = sizeof(Attributes);
  std::uint32_t policy = 0;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime = 0;  // nanoseconds; with SCHED_OTHER the slice
  std::uint64_t deadline = 0;
  std::uint64_t period = 0;
};
static_assert(sizeof(Attributes) == 48);

}  // namespace

Duration change_slice(pid_t thread, Duration slice) noexcept {
  const int error = errno;
  Duration before{};
  Attributes attributes;
  // What is read is written back, so that nothing but the slice changes.
  if (::syscall(SYS_sched_getattr, thread, &attributes, sizeof attributes, 0U) == 0 &&
      attributes.policy == SCHED_OTHER) {
    before = Duration(attributes.runtime);
    attributes.runtime = static_cast<std::uint64_t>(slice.count());
    if (::syscall(SYS_sched_setattr, thread, &attributes, 0U) != 0) before = {};
  }
  errno = error;
  return before;
}

}  // namespace weft::net::internal
