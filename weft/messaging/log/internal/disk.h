#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/result.h"

namespace weft::messaging::stored {

/// An open file of the log. Reads may come from any thread, beside one thread that writes.
class File {
 public:
  File() = default;
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  virtual ~File() = default;
  /// Writes all of `data` at the position `at`, or fails; then a part may have been written.
  virtual Status write(std::uint64_t at, std::string_view data) = 0;
  /// Up to `most` bytes from `at`; fewer only at the end of the file.
  virtual Result<std::string> read(std::uint64_t at, std::size_t most) const = 0;
  /// OK once everything that was written survives a loss of power. After a failure nothing is known
  /// of what was written since the last success: the system may have dropped it.
  virtual Status sync() = 0;
  virtual Status truncate(std::uint64_t size) = 0;
  virtual Result<std::uint64_t> size() const = 0;
};

/// Where the log's files are: the system's, or in tests a disk that loses power. Errors name the
/// path and the cause: NOT_FOUND, PERMISSION_DENIED, RESOURCE_EXHAUSTED (the disk is full), else
/// FAILED_PRECONDITION. Of any thread.
class Disk {
 public:
  enum class Open { Existing, Emptied };
  /// Until it is destroyed, no other program has the folder.
  class Lock {
   public:
    virtual ~Lock() = default;
  };

  virtual ~Disk() = default;
  /// Emptied: makes the file where there is none.
  virtual Result<std::unique_ptr<File>> open(const std::string& path, Open how) = 0;
  virtual Status remove(const std::string& path) = 0;
  /// The names in a folder, in order.
  virtual Result<std::vector<std::string>> list(const std::string& folder) = 0;
  /// Makes it and those it is in, where they are missing, and lasting.
  virtual Status make_folder(const std::string& folder) = 0;
  /// What was made and removed in the folder survives a loss of power.
  virtual Status sync_folder(const std::string& folder) = 0;
  /// FAILED_PRECONDITION while another program, or another log of this one, has it.
  virtual Result<std::unique_ptr<Lock>> lock(const std::string& path) = 0;
};

/// The system's files. They and their folders are for their owner only (0600, 0700).
std::unique_ptr<Disk> system_disk();

}  // namespace weft::messaging::stored
