#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <sys/types.h>

namespace weft::net::internal {

/// Files whose change is to be seen. A symbolic link is followed, so that a link that is made to
/// point elsewhere, as Kubernetes does with mounted secrets, is a change.
class WatchedFiles {
 public:
  /// Remembers how the file is now; to be called before it is read.
  void add(const std::string& path);
  /// Whether one is not as it was remembered.
  bool changed() const;

 private:
  struct Stamp {
    std::int64_t modified = -1;  // nanoseconds
    std::int64_t size = -1;
    ino_t inode = 0;
    dev_t device = 0;
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };
  struct File {
    std::string path;
    Stamp stamp;
  };
  static Stamp stamp_of(const std::string& path) noexcept;

  std::vector<File> files_;
};

}  // namespace weft::net::internal
