#pragma once

namespace weft {

/// Runs `body`, and `caught` where it throws; inside of that, std::current_exception() is what was
/// thrown. For headers: programs that are compiled without exceptions include them too.
template <class Body, class Caught>
void catch_all(Body&& body, [[maybe_unused]] Caught&& caught) {
#if defined(__cpp_exceptions)
  try {
    body();
  } catch (...) {
    caught();
  }
#else
  body();
#endif
}

}  // namespace weft
