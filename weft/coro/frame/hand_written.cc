#include "weft/coro/frame/hand_written.h"

#include "weft/base/fatal.h"

namespace weft::coro {

void wrong_frame_layout() noexcept {
  fatal(
      "this compiler lays out the frames of coroutines in another way than GCC, Clang and MSVC do, "
      "which weft's own frames rely on (weft/coro/frame/hand_written.h): weft cannot be used with "
      "it");
}

}  // namespace weft::coro
