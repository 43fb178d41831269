#include "weft/base/fatal.h"

#include <cstdlib>

#include <unistd.h>

#include "weft/base/log.h"

namespace weft {

void fatal(std::string_view mistake) noexcept {
  if (log_enabled(LogLevel::Error)) {
    log(LogLevel::Error, mistake);
  } else {
    // The program is over whether or not somebody reads this.
    static_cast<void>(::write(STDERR_FILENO, mistake.data(), mistake.size()) +
                      ::write(STDERR_FILENO, "\n", 1));
  }
  std::abort();
}

}  // namespace weft
