#pragma once

#include <cstddef>

namespace weft::soak {

/// What the process holds now.
struct Usage {
  std::size_t descriptors = 0;
  std::size_t threads = 0;
  /// Bytes that are allocated and not freed, and those that are resident.
  std::size_t heap = 0;
  std::size_t resident = 0;

  static Usage now();
};

}  // namespace weft::soak
