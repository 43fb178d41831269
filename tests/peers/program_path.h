#pragma once

#include <cstdlib>
#include <string>

#include <unistd.h>

namespace weft::test {

/// Where a program is on the path; empty: nowhere.
inline std::string program_path(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::string left = path == nullptr ? "/usr/bin:/bin" : path;
  while (!left.empty()) {
    const std::size_t colon = left.find(':');
    const std::string candidate = left.substr(0, colon) + "/" + program;
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    left = colon == std::string::npos ? "" : left.substr(colon + 1);
  }
  return {};
}

}  // namespace weft::test
