#include "tests/soak/usage.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <malloc.h>
#include <unistd.h>

#include "weft/base/sanitizer.h"

#if WEFT_ASAN || WEFT_TSAN
// <sanitizer/allocator_interface.h>, which GCC 12 does not bring.
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();
#endif

namespace weft::soak {
namespace {

std::size_t entries_of(const char* directory) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    static_cast<void>(entry);
    ++count;
  }
  return count;
}

std::size_t heap_bytes() {
#if WEFT_ASAN || WEFT_TSAN
  return __sanitizer_get_current_allocated_bytes();
#else
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
#endif
}

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t all = 0;
  std::size_t pages = 0;
  statm >> all >> pages;
  return pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace

Usage Usage::now() {
  // Less the one that reads the directory.
  return {.descriptors = entries_of("/proc/self/fd") - 1,
          .threads = entries_of("/proc/self/task"),
          .heap = heap_bytes(),
          .resident = resident_bytes()};
}

}  // namespace weft::soak
