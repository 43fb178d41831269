#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "weft/base/result.h"

namespace weft::telemetry::internal {

struct RotatingFileOptions {
  std::string path;
  /// The file that would grow beyond it is renamed first; 0: never.
  std::uint64_t bytes = 0;
  /// How many renamed files stay: PATH.1 is the youngest. What is older is removed.
  int old_files = 5;
};

/// A file of lines that is renamed when it has grown, and opened again where somebody else has
/// renamed or removed it. Waits for its disk; for one thread at a time.
class RotatingFile {
 public:
  /// FAILED_PRECONDITION with the path and the reason where it cannot be opened for appending.
  static Result<std::unique_ptr<RotatingFile>> open(RotatingFileOptions options);

  RotatingFile(const RotatingFile&) = delete;
  RotatingFile& operator=(const RotatingFile&) = delete;
  ~RotatingFile();

  /// Appends whole lines. How many were lost: where the disk is full, or a pipe has no reader or
  /// one that takes nothing for a second. The reason is error() then.
  std::uint64_t write(std::string_view lines);
  /// The errno of what failed in the last write(), a write or a rename: 0 where nothing did.
  int error() const noexcept { return error_; }
  /// Opens the path again, whatever it names now; keeps the old file where that fails.
  void reopen();

 private:
  RotatingFile(RotatingFileOptions options, int descriptor) noexcept;
  bool was_moved() noexcept;
  void rotate();
  void measure() noexcept;
  /// How much of `lines` goes to the file before it is renamed; 0: it just was.
  std::size_t next_part(std::string_view lines);
  /// Leaves in `text` what was not written.
  bool write_all(std::string_view& text) noexcept;
  bool wait_for_reader() const noexcept;

  const RotatingFileOptions options_;
  int descriptor_;
  bool is_regular_ = false;
  bool torn_ = false;
  int error_ = 0;
  std::uint64_t size_ = 0;
};

}  // namespace weft::telemetry::internal
