#include "weft/messaging/log/internal/segment.h"

#include <vector>

#include <zlib.h>

#include "weft/messaging/log/internal/file_format.h"
#include "weft/messaging/log/internal/little_endian.h"

namespace weft::messaging::stored {
namespace {

constexpr std::string_view kMagic = "weftlog\n";
constexpr std::size_t kHeaderChecked = kSegmentHeader - 4;
constexpr std::size_t kRecordChecked = 8;  // from there on

/// Checksums of many parts of the same bytes, which may overlap, each in a time that does not
/// depend on its size: of CRCs, that of a part follows from those of what is before its two ends.
class PartChecksums {
 public:
  /// `bytes` outlive this.
  explicit PartChecksums(std::string_view bytes) : bytes_(bytes) {
    for (std::size_t at = 0; at + kBlock <= bytes.size(); at += kBlock) {
      before_.push_back(checksum(bytes.substr(at, kBlock), before_.back()));
    }
  }
  /// checksum(..., begin) of `size` bytes from `at` on.
  std::uint32_t of(std::uint32_t begin, std::size_t at, std::size_t size) const {
    const auto shifted = ::crc32_combine(before(at) ^ begin, 0, static_cast<z_off_t>(size));
    return before(at + size) ^ static_cast<std::uint32_t>(shifted);
  }

 private:
  static constexpr std::size_t kBlock = 256;

  std::uint32_t before(std::size_t at) const {
    const std::size_t block = at / kBlock;
    return checksum(bytes_.substr(block * kBlock, at % kBlock), before_[block]);
  }

  const std::string_view bytes_;
  std::vector<std::uint32_t> before_{0};  // of all before each block
};

/// Not its checksum.
RecordHeader header_of(std::string_view bytes) {
  return {.offset = number_at<std::uint64_t>(bytes, 8),
          .safe = number_at<std::uint32_t>(bytes, 16),
          .time = number_at<std::int64_t>(bytes, 20)};
}

}  // namespace

std::string encode(const SegmentHeader& header) {
  std::string bytes(kMagic);
  put_number(bytes, kSegmentVersion);
  put_number(bytes, std::uint16_t{0});
  put_number(bytes, header.base);
  put_number(bytes, header.previous);
  put_number(bytes, header.made);
  put_number(bytes, header.salt);
  put_number(bytes, checksum(bytes));
  return bytes;
}

Result<SegmentHeader> parse_segment_header(std::string_view bytes, const std::string& path) {
  if (bytes.size() < kSegmentHeader || !bytes.starts_with(kMagic)) {
    return data_loss(path + ": it does not begin as a segment of a log");
  }
  const auto version = number_at<std::uint16_t>(bytes, kVersionAt);
  Status known = check_version(bytes, kSegmentVersion, path);
  if (!known.ok()) return known;
  const auto sum = number_at<std::uint32_t>(bytes, kHeaderChecked);
  if (version == 0 || sum != checksum(bytes.substr(0, kHeaderChecked))) {
    return data_loss(path + ": the checksum of its header is wrong");
  }
  return SegmentHeader{.base = number_at<std::uint64_t>(bytes, 12),
                       .previous = number_at<std::uint64_t>(bytes, 20),
                       .made = number_at<std::int64_t>(bytes, 28),
                       .salt = number_at<std::uint32_t>(bytes, 36)};
}

void append_record(std::string& out, std::uint32_t salt, const RecordHeader& header,
                   std::string_view body) {
  const std::size_t begin = out.size();
  put_number(out, static_cast<std::uint32_t>(body.size()));
  put_number(out, std::uint32_t{0});
  put_number(out, header.offset);
  put_number(out, header.safe);
  put_number(out, header.time);
  out.append(body);
  std::string sum;
  put_number(sum, checksum(std::string_view(out).substr(begin + kRecordChecked), salt));
  out.replace(begin + 4, sum.size(), sum);
}

Reading read_record(std::string_view bytes, std::uint32_t salt, std::uint64_t expected,
                    RecordView& out) {
  if (bytes.size() < kRecordHeader) return Reading::NeedsMore;
  const std::size_t body = number_at<std::uint32_t>(bytes, 0);
  out.header = header_of(bytes);
  if (body > kMostBody || out.header.offset != expected) return Reading::Damaged;
  out.size = kRecordHeader + body;
  if (bytes.size() < out.size) return Reading::NeedsMore;
  const std::string_view checked = bytes.substr(kRecordChecked, out.size - kRecordChecked);
  if (number_at<std::uint32_t>(bytes, 4) != checksum(checked, salt)) return Reading::Damaged;
  out.body = bytes.substr(kRecordHeader, body);
  return Reading::Record;
}

std::optional<std::uint64_t> find_record_after(std::string_view bytes, std::uint32_t salt,
                                               std::uint64_t expected, std::uint64_t position) {
  // No file has more records than these bytes have room for: what claims more is no record, and
  // its checksum need not be looked at.
  const std::uint64_t most = expected + bytes.size() / kRecordHeader;
  // An event's data may be full of what could be heads of large records.
  const PartChecksums checksums(bytes);
  for (std::size_t at = 0; at + kRecordHeader <= bytes.size(); ++at) {
    const RecordHeader header = header_of(bytes.substr(at));
    if (header.offset <= expected || header.offset > most || header.safe <= position) continue;
    const std::size_t body = number_at<std::uint32_t>(bytes, at);
    if (body > kMostBody || body > bytes.size() - at - kRecordHeader) continue;
    const std::size_t checked = kRecordHeader - kRecordChecked + body;
    if (number_at<std::uint32_t>(bytes, at + 4) ==
        checksums.of(salt, at + kRecordChecked, checked)) {
      return header.offset;
    }
  }
  return std::nullopt;
}

}  // namespace weft::messaging::stored
