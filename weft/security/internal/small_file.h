#pragma once

#include <cstddef>
#include <string>

#include <sys/types.h>

#include "weft/base/result.h"

namespace weft::security::internal {

struct SmallFile {
  std::string text;
  ::mode_t mode = 0;
};

/// The whole of a file, of at most so many bytes. Never waits for another process: what is no
/// regular file (a pipe, a folder, a device) is FAILED_PRECONDITION. NOT_FOUND, or UNAVAILABLE with
/// what the system says, RESOURCE_EXHAUSTED where it is larger; each names the path. Blocks as long
/// as the disk does.
Result<SmallFile> read_small_file(const std::string& path, std::size_t most);

}  // namespace weft::security::internal
