#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weft/base/result.h"
#include "weft/messaging/log/internal/disk.h"

// Which records of a topic a group's handlers are at work on. The file is there from when a
// subscription opens until it is closed, so one that is found was left by a program that died.
//
//     0   8  "weftbgn\n"
//     8   2  version of the format: 1
//    10   2  0
//    12      places of 16 bytes each:
//              0   8  offset of the record
//              8   4  the try that it is, from 1
//             12   4  CRC-32 (zlib's) of bytes 0 to 11; an empty place has zeros only
//
// Numbers have their least significant byte first. It is never synced: what is written survives the
// program, and a loss of power is no fault of an event's.
namespace weft::messaging::stored {

class BegunFile {
 public:
  using Tries = std::map<std::uint64_t, std::uint32_t>;

  /// What the program before left, by offset; nothing where it closed its subscription.
  struct Left {
    bool died = false;
    Tries tries;
  };
  /// FAILED_PRECONDITION: a newer version has written it. Damaged places are empty.
  static Result<Left> read(Disk& disk, const std::string& path);

  /// Makes the file, or empties the one that is there.
  static Result<std::unique_ptr<BegunFile>> make(Disk& disk, const std::string& path);

  /// A handler is about to get the record, for the `tries`th time. Used by one thread.
  Status begin(std::uint64_t offset, std::uint32_t tries);
  /// The record is settled or given back; nothing happens where it was not begun.
  Status end(std::uint64_t offset);

 private:
  explicit BegunFile(std::unique_ptr<File> file) noexcept : file_(std::move(file)) {}

  const std::unique_ptr<File> file_;
  std::map<std::uint64_t, std::size_t> places_;  // by offset
  std::vector<std::size_t> free_;
};

}  // namespace weft::messaging::stored
