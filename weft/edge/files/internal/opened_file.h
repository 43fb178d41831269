#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "weft/base/bytes.h"
#include "weft/base/result.h"

namespace weft::edge {

/// By what a file is known to be as it was.
struct FileFacts {
  bool is_folder = false;
  std::uint64_t size = 0;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t modified_s = 0;  ///< since 1970
  std::int64_t modified_ns = 0;
  friend bool operator==(const FileFacts&, const FileFacts&) noexcept = default;
};

/// A plain file that is open for reading, or a folder. What blocks here is the disk: for threads
/// where that does no harm.
class OpenedFile {
 public:
  OpenedFile(OpenedFile&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)), facts_(other.facts_) {}
  OpenedFile& operator=(OpenedFile&&) = delete;
  ~OpenedFile();

  /// `name` below `folder`; links lead nowhere else. NOT_FOUND where there is no plain file and no
  /// folder of that name, PERMISSION_DENIED, RESOURCE_EXHAUSTED where the process has no more
  /// descriptors, FAILED_PRECONDITION where the system has no openat2() (before Linux 5.6), else
  /// UNAVAILABLE.
  static Result<OpenedFile> open(const std::string& folder, const std::string& name);

  const FileFacts& facts() const noexcept { return facts_; }
  /// `size` bytes from `offset`, fewer where the file ends.
  Result<Bytes> read(std::uint64_t offset, std::size_t size) const;
  /// At most as many, and only what is in memory (preadv2() with RWF_NOWAIT), so a loop may ask;
  /// empty where that cannot be told.
  Bytes read_at_once(std::uint64_t offset, std::size_t size) const;

 private:
  explicit OpenedFile(int descriptor) noexcept : descriptor_(descriptor) {}

  int descriptor_;
  FileFacts facts_;
};

}  // namespace weft::edge
