#include "weft/messaging/log/internal/record_scan.h"

#include <algorithm>
#include <utility>

#include "weft/messaging/log/internal/little_endian.h"

namespace weft::messaging::stored {
namespace {

constexpr std::size_t kChunk = std::size_t{64} << 10;

/// What the record at the begin of `bytes` takes; its size has been checked.
std::size_t size_of_record(std::string_view bytes) {
  return bytes.size() < kRecordHeader ? 0 : kRecordHeader + number_at<std::uint32_t>(bytes, 0);
}

}  // namespace

Result<Reading> RecordScan::next(RecordView& out) {
  std::string_view rest = std::string_view(buffer_).substr(used_);
  Reading reading = read_record(rest, salt_, expected_, out);
  while (reading == Reading::NeedsMore) {
    const std::size_t asked = std::max(kChunk, size_of_record(rest));
    Result<std::string> more = file_.read(position_, asked);
    if (!more.ok()) return std::move(more).status();
    buffer_ = *std::move(more);
    used_ = 0;
    rest = buffer_;
    reading = read_record(rest, salt_, expected_, out);
    if (rest.size() < asked || asked >= size_of_record(rest)) break;
  }
  if (reading != Reading::Record) return reading;
  used_ += out.size;
  position_ += out.size;
  ++expected_;
  return reading;
}

}  // namespace weft::messaging::stored
