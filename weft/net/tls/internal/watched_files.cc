#include "weft/net/tls/internal/watched_files.h"

#include <algorithm>

#include <sys/stat.h>

namespace weft::net::internal {

WatchedFiles::Stamp WatchedFiles::stamp_of(const std::string& path) noexcept {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return {};
  return {.modified = std::int64_t{info.st_mtim.tv_sec} * 1000000000 + info.st_mtim.tv_nsec,
          .size = info.st_size,
          .inode = info.st_ino,
          .device = info.st_dev};
}

void WatchedFiles::add(const std::string& path) {
  files_.push_back({.path = path, .stamp = stamp_of(path)});
}

bool WatchedFiles::changed() const {
  return std::any_of(files_.begin(), files_.end(),
                     [](const File& file) { return stamp_of(file.path) != file.stamp; });
}

}  // namespace weft::net::internal
