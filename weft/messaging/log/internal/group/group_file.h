#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "weft/base/result.h"
#include "weft/messaging/log/internal/disk.h"
#include "weft/messaging/log/internal/group/settled.h"

// What a group has settled of a topic is in two files, of which the one with the higher sequence
// counts; the other one is overwritten next, so that a crash leaves one that is whole.
//
//     0   8  "weftgrp\n"
//     8   2  version of the format: 1
//    10   2  0
//    12   8  sequence
//    20   8  the first record that is not settled
//    28   4  number of ranges R
//    32   4  number of tries T
//    36  16R the settled ranges behind: first record, and one more than the last
//       12T  records that were tried: offset, 4 bytes of how often
//        4   CRC-32 (zlib's) of all before it
//
// Numbers have their least significant byte first.
namespace weft::messaging::stored {

class GroupFile {
 public:
  /// The files are `path`.a and `path`.b. `disk` must outlive it.
  GroupFile(Disk& disk, std::string folder, std::string name)
      : disk_(disk), folder_(std::move(folder)), path_(folder_ + "/" + std::move(name)) {}

  /// NOT_FOUND: nothing was stored so far. DATA_LOSS: both files are damaged. FAILED_PRECONDITION:
  /// a newer version has written them.
  Result<Settled> load();
  /// Once after load(), or for a new group. Returns when it is safe; after a failure what was
  /// stored before is still there.
  Status store(const Settled& settled);

 private:
  std::string path(std::size_t slot) const { return path_ + (slot == 0 ? ".a" : ".b"); }
  Disk& disk_;
  const std::string folder_;
  const std::string path_;
  std::uint64_t sequence_ = 0;  // of what was stored last
  std::array<bool, 2> is_there_{};
};

}  // namespace weft::messaging::stored
