#include "weft/net/socket/secret.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

#include <sys/random.h>

#include "weft/base/log.h"
#include "weft/net/loop/loop.h"

namespace weft::net {
namespace {

std::uint64_t system_secret() {
  std::uint64_t bits = 0;
  for (;;) {
    // So few bytes come whole, or not at all (getrandom(2)).
    if (::getrandom(&bits, sizeof bits, 0) == sizeof bits) return bits;
    if (errno == EINTR) continue;
    log(LogLevel::Error, std::string("no random numbers from the system: ") + std::strerror(errno));
    // A secret that can be guessed is worse than none.
    std::abort();
  }
}

}  // namespace

std::uint64_t secret(Loop& loop) { return loop.is_simulated() ? loop.rng()() : system_secret(); }

}  // namespace weft::net
