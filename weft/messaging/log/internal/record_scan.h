#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "weft/messaging/log/internal/disk.h"
#include "weft/messaging/log/internal/segment.h"

namespace weft::messaging::stored {

/// Reads the records of a segment, one after another.
class RecordScan {
 public:
  /// `position`: where the record with the offset `expected` begins. `file` must outlive it.
  RecordScan(const File& file, std::uint32_t salt, std::uint64_t position, std::uint64_t expected)
      : file_(file), salt_(salt), position_(position), expected_(expected) {}

  /// Record: `out` has it until the next call. NeedsMore: the file ends here, or within a record.
  Result<Reading> next(RecordView& out);
  /// Of the record that next() reads.
  std::uint64_t position() const noexcept { return position_; }
  std::uint64_t expected() const noexcept { return expected_; }

 private:
  const File& file_;
  const std::uint32_t salt_;
  std::uint64_t position_;
  std::uint64_t expected_;
  std::string buffer_;
  std::size_t used_ = 0;
};

}  // namespace weft::messaging::stored
