#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "weft/base/result.h"

// A segment is a file of records, one after another:
//
//   header, 44 bytes
//     0   8  "weftlog\n"
//     8   2  version of the format: 1
//    10   2  0
//    12   8  offset of the first record
//    20   8  offset of the first record of the segment before it; all ones where there is none
//    28   8  when it was made, in milliseconds since 1970
//    36   4  salt: a random number, so that no event's data can pass for a record
//    40   4  CRC-32 (zlib's) of bytes 0 to 39
//   record, 28 bytes and its body
//     0   4  size of the body
//     4   4  CRC-32 of bytes 8 to the end of the body, begun with the salt
//     8   8  offset: one more than that of the record before it
//    16   4  position in this file before which everything was safe when the record was written
//    20   8  when it was appended, in milliseconds since 1970
//    28      body
//
// Numbers have their least significant byte first.
namespace weft::messaging::stored {

inline constexpr std::size_t kSegmentHeader = 44;
inline constexpr std::size_t kRecordHeader = 28;
inline constexpr std::uint16_t kSegmentVersion = 1;
inline constexpr std::uint64_t kNoSegment = UINT64_MAX;
/// Bytes of a record's body. A size beyond it is damage, not a record.
inline constexpr std::size_t kMostBody = std::size_t{16} << 20;

struct SegmentHeader {
  std::uint64_t base = 0;
  std::uint64_t previous = kNoSegment;
  std::int64_t made = 0;
  std::uint32_t salt = 0;
};

std::string encode(const SegmentHeader& header);
/// `path` is for messages. FAILED_PRECONDITION: a newer version has written it. DATA_LOSS: it is
/// damaged.
Result<SegmentHeader> parse_segment_header(std::string_view bytes, const std::string& path);

struct RecordHeader {
  std::uint64_t offset = 0;
  std::uint32_t safe = 0;
  std::int64_t time = 0;
};

void append_record(std::string& out, std::uint32_t salt, const RecordHeader& header,
                   std::string_view body);

/// A record as it lies in the bytes that it was read from.
struct RecordView {
  RecordHeader header;
  std::string_view body;
  std::size_t size = 0;  // with its header
};

enum class Reading {
  Record,
  NeedsMore,  ///< the bytes end before the record does
  Damaged,    ///< no record, or another one than `expected`
};

/// Reads the record at the begin of `bytes`, whose offset is `expected`.
Reading read_record(std::string_view bytes, std::uint32_t salt, std::uint64_t expected,
                    RecordView& out);

/// Where `bytes` have a record with an offset above `expected` that says that something at or
/// behind `position` was safe before it: the damage at `position` is then no torn write. The
/// record's offset.
std::optional<std::uint64_t> find_record_after(std::string_view bytes, std::uint32_t salt,
                                               std::uint64_t expected, std::uint64_t position);

}  // namespace weft::messaging::stored
