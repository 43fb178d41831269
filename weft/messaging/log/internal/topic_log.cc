#include "weft/messaging/log/internal/topic_log.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "weft/base/log.h"
#include "weft/messaging/log/internal/record_scan.h"

namespace weft::messaging::stored {
namespace {

constexpr std::string_view kSuffix = ".log";
constexpr std::size_t kDigits = 20;
constexpr std::size_t kMostSegment = std::size_t{1} << 30;

/// "00000000000000000042.log": in the order of names, segments are in order.
std::string name_of(std::uint64_t base) {
  const std::string digits = std::to_string(base);
  return std::string(kDigits - digits.size(), '0') + digits + std::string(kSuffix);
}

std::optional<std::uint64_t> base_of(std::string_view name) {
  if (name.size() != kDigits + kSuffix.size() || !name.ends_with(kSuffix)) return std::nullopt;
  std::uint64_t base = 0;
  const char* const end = name.data() + kDigits;
  const auto [rest, error] = std::from_chars(name.data(), end, base);
  if (error != std::errc() || rest != end) return std::nullopt;
  return base;
}

Status damaged(const std::string& path, std::uint64_t offset, std::uint64_t position,
               std::string_view what) {
  return data_loss(path + ": the record " + std::to_string(offset) + " at position " +
                   std::to_string(position) + " " + std::string(what));
}

}  // namespace

Result<std::unique_ptr<TopicLog>> TopicLog::open(Disk& disk, std::string folder,
                                                 const TopicLogOptions& options, std::int64_t now) {
  if (options.segment_bytes == 0 || options.segment_bytes > kMostSegment) {
    return invalid_argument("segments of " + std::to_string(options.segment_bytes) +
                            " bytes: the least is 1, the most " + std::to_string(kMostSegment));
  }
  std::unique_ptr<TopicLog> log(new TopicLog(disk, std::move(folder), options));
  Status recovered = log->recover(now);
  if (!recovered.ok()) return recovered;
  return log;
}

Status TopicLog::recover(std::int64_t now) {
  Status status = disk_.make_folder(folder_);
  if (status.ok()) status = open_segments(Interrupted::Remove);
  if (!status.ok()) return status;
  return segments_.empty() ? add_segment(now) : recover_tail();
}

Result<std::unique_ptr<TopicLog>> TopicLog::view(Disk& disk, std::string folder) {
  std::unique_ptr<TopicLog> log(new TopicLog(disk, std::move(folder), {}));
  Status status = log->open_segments(Interrupted::Ignore);
  if (status.ok() && log->segments_.empty()) status = not_found(log->folder_ + ": no segment");
  if (!status.ok()) return status;
  log->safe_position_ = kSegmentHeader;
  log->appended_ = log->segments_.back()->header.base;
  status = log->refresh();
  if (!status.ok()) return status;
  return log;
}

Status TopicLog::refresh() {
  while (true) {
    Status status = follow_tail();
    if (!status.ok()) return status;
    // Where the next one would be.
    const std::string path = folder_ + "/" + name_of(appended_);
    if (path == segments_.back()->path) return {};
    Result<std::unique_ptr<File>> file = disk_.open(path, Disk::Open::Existing);
    if (file.status().code() == StatusCode::NotFound) return {};
    if (!file.ok()) return std::move(file).status();
    const Result<std::string> bytes = (*file)->read(0, kSegmentHeader);
    if (!bytes.ok()) return bytes.status();
    if (bytes->size() < kSegmentHeader) return {};  // it is being made
    const Result<SegmentHeader> header = parse_segment_header(*bytes, path);
    if (!header.ok()) return header.status();
    safe_position_ = kSegmentHeader;
    const std::lock_guard lock(mutex_);
    segments_.push_back(
        std::make_shared<Segment>(Segment{path, *header, *std::move(file), kSegmentHeader}));
  }
}

/// Finds the last whole record of the last segment.
Status TopicLog::follow_tail() {
  Segment& last = *segments_.back();
  RecordScan scan(*last.file, last.header.salt, safe_position_, appended_);
  RecordView record;
  Result<Reading> reading = Reading::Record;
  while (reading.ok() && *reading == Reading::Record) reading = scan.next(record);
  if (!reading.ok()) return reading.status();
  safe_position_ = scan.position();
  appended_ = scan.expected();
  const std::lock_guard lock(mutex_);
  last.size = safe_position_;
  end_ = appended_;
  return {};
}

/// Opens the segments that are there; without one whose making a crash interrupted, which is the
/// last and has no records.
Status TopicLog::open_segments(Interrupted what) {
  Result<std::vector<std::string>> names = disk_.list(folder_);
  if (!names.ok()) return std::move(names).status();
  std::erase_if(*names, [](const std::string& name) { return !base_of(name).has_value(); });
  for (std::size_t i = 0; i < names->size(); ++i) {
    const std::string path = folder_ + "/" + (*names)[i];
    Result<std::unique_ptr<File>> file = disk_.open(path, Disk::Open::Existing);
    if (!file.ok()) return std::move(file).status();
    const Result<std::uint64_t> size = (*file)->size();
    if (!size.ok()) return size.status();
    const Result<std::string> bytes = (*file)->read(0, kSegmentHeader);
    if (!bytes.ok()) return bytes.status();
    const Result<SegmentHeader> header = parse_segment_header(*bytes, path);
    if (!header.ok()) {
      const bool interrupted = i + 1 == names->size() && *size <= kSegmentHeader &&
                               header.status().code() == StatusCode::DataLoss;
      if (!interrupted) return header.status();
      if (what == Interrupted::Ignore) return {};
      Status removed = disk_.remove(path);
      return removed.ok() ? disk_.sync_folder(folder_) : removed;
    }
    if (header->base != base_of((*names)[i])) {
      return data_loss(path + ": its header says that it begins with the record " +
                       std::to_string(header->base));
    }
    if (!segments_.empty() && header->previous != segments_.back()->header.base) {
      return data_loss(path + ": the segment before it is missing, " + name_of(header->previous));
    }
    segments_.push_back(std::make_shared<Segment>(Segment{path, *header, *std::move(file), *size}));
  }
  return {};
}

/// Finds the end of the last segment, and cuts off what a crash has left behind it.
Status TopicLog::recover_tail() {
  Segment& last = *segments_.back();
  const std::uint64_t size = last.size;
  safe_position_ = kSegmentHeader;
  appended_ = last.header.base;
  Status status = follow_tail();
  if (!status.ok()) return status;
  if (size > last.size) status = cut(last, size, appended_);
  // What the process wrote before it died may not be on the disk.
  return status.ok() ? last.file->sync() : status;
}

/// Cuts the file, which has `size` bytes, behind the record before `expected`.
Status TopicLog::cut(Segment& segment, std::uint64_t size, std::uint64_t expected) {
  const std::uint64_t position = segment.size;
  const std::uint64_t rest = size - position;
  const Result<std::string> bytes = segment.file->read(position, rest);
  if (!bytes.ok()) return bytes.status();
  if (const auto later = find_record_after(*bytes, segment.header.salt, expected, position)) {
    return damaged(segment.path, expected, position,
                   "is damaged, and the record " + std::to_string(*later) +
                       " behind it says that it had been safe: this is no crash");
  }
  log(LogLevel::Warn,
      "event log: " + segment.path + ": " + std::to_string(rest) + " bytes behind the record " +
          std::to_string(expected) +
          " were not safe when the program or its machine stopped, and are cut off");
  return segment.file->truncate(position);
}

Result<std::shared_ptr<TopicLog::Segment>> TopicLog::make_segment(const SegmentHeader& header) {
  const std::string path = folder_ + "/" + name_of(header.base);
  Result<std::unique_ptr<File>> file = disk_.open(path, Disk::Open::Emptied);
  if (!file.ok()) return std::move(file).status();
  Status status = (*file)->write(0, encode(header));
  if (status.ok()) status = (*file)->sync();
  if (status.ok()) status = disk_.sync_folder(folder_);
  if (!status.ok()) return status;
  return std::make_shared<Segment>(Segment{path, header, *std::move(file), kSegmentHeader});
}

/// The segment before it is safe.
Status TopicLog::add_segment(std::int64_t now) {
  const SegmentHeader header{
      .base = appended_,
      .previous = segments_.empty() ? kNoSegment : segments_.back()->header.base,
      .made = now,
      .salt = static_cast<std::uint32_t>(rng_())};
  Result<std::shared_ptr<Segment>> made = make_segment(header);
  if (!made.ok()) return std::move(made).status();
  safe_position_ = kSegmentHeader;
  const std::lock_guard lock(mutex_);
  segments_.push_back(*std::move(made));
  return {};
}

Status TopicLog::append(std::span<const std::string> bodies, std::int64_t now) {
  if (!broken_.ok()) return broken_;
  if (segments_.back()->size >= options_.segment_bytes) {
    Status status = sync();
    if (status.ok()) status = add_segment(now);
    if (!status.ok()) return status;
  }
  Segment& last = *segments_.back();
  std::string batch;
  std::uint64_t offset = appended_;
  for (const std::string& body : bodies) {
    append_record(
        batch, last.header.salt,
        {.offset = offset++, .safe = static_cast<std::uint32_t>(safe_position_), .time = now},
        body);
  }
  Status written = last.file->write(last.size, batch);
  if (!written.ok()) {
    const Status undone = last.file->truncate(last.size);
    if (!undone.ok()) broken_ = undone.with_prefix("after a failed write");
    return written;
  }
  const std::lock_guard lock(mutex_);
  last.size += batch.size();
  appended_ = offset;
  return {};
}

Status TopicLog::sync() {
  if (!broken_.ok()) return broken_;
  Segment& last = *segments_.back();
  if (safe_position_ == last.size) return {};
  Status synced = last.file->sync();
  if (!synced.ok()) {
    broken_ = synced;
    return synced;
  }
  safe_position_ = last.size;
  const std::lock_guard lock(mutex_);
  end_ = appended_;
  return {};
}

Result<std::size_t> TopicLog::remove_old(std::uint64_t most_bytes, std::int64_t oldest,
                                         std::uint64_t needed) {
  std::size_t removed = 0;
  while (segments_.size() > 1) {
    const SegmentHeader& second = segments_[1]->header;
    const bool is_old = second.made < oldest;
    if (second.base > needed || (!is_old && bytes() <= most_bytes)) break;
    // Each by itself, so that a crash leaves no gap.
    Status status = disk_.remove(segments_.front()->path);
    if (status.ok()) status = disk_.sync_folder(folder_);
    if (!status.ok()) return status;
    const std::lock_guard lock(mutex_);
    segments_.erase(segments_.begin());
    ++removed;
  }
  return removed;
}

std::uint64_t TopicLog::first() const {
  const std::lock_guard lock(mutex_);
  return segments_.front()->header.base;
}

std::uint64_t TopicLog::end() const {
  const std::lock_guard lock(mutex_);
  return end_;
}

std::uint64_t TopicLog::bytes() const {
  const std::lock_guard lock(mutex_);
  std::uint64_t sum = 0;
  for (const auto& segment : segments_) sum += segment->size;
  return sum;
}

/// Has the cursor be in the segment that has its record, at its begin where it was in another.
void TopicLog::seek(Cursor& cursor) const {
  const std::lock_guard lock(mutex_);
  cursor.offset_ = std::max(cursor.offset_, segments_.front()->header.base);
  const auto behind = std::ranges::upper_bound(
      segments_, cursor.offset_, {}, [](const auto& segment) { return segment->header.base; });
  const std::shared_ptr<Segment>& wanted = *std::prev(behind);
  if (cursor.segment_ == wanted) return;
  cursor.segment_ = wanted;
  cursor.position_ = kSegmentHeader;
  cursor.next_ = wanted->header.base;
}

Status TopicLog::scan(Cursor& cursor, const std::function<bool(const RecordView&)>& take) const {
  const std::uint64_t end = this->end();
  while (cursor.offset_ < end) {
    seek(cursor);
    const Segment& segment = *cursor.segment_;
    const std::uint64_t stop = std::min(end, end_of(segment));
    RecordScan records(*segment.file, segment.header.salt, cursor.position_, cursor.next_);
    RecordView record;
    while (cursor.next_ < stop) {
      const Result<Reading> reading = records.next(record);
      if (!reading.ok()) return reading.status();
      if (*reading != Reading::Record) {
        return damaged(segment.path, cursor.next_, cursor.position_,
                       *reading == Reading::Damaged ? "is damaged" : "is cut off");
      }
      if (record.header.offset >= cursor.offset_ && !take(record)) return {};
      cursor.position_ = records.position();
      cursor.next_ = records.expected();
      cursor.offset_ = std::max(cursor.offset_, cursor.next_);
    }
  }
  return {};
}

/// One more than the last offset it can have: where the next segment begins.
std::uint64_t TopicLog::end_of(const Segment& segment) const {
  const std::lock_guard lock(mutex_);
  for (const auto& other : segments_) {
    if (other->header.base > segment.header.base) return other->header.base;
  }
  return UINT64_MAX;
}

Result<std::vector<StoredRecord>> TopicLog::read(Cursor& cursor, std::size_t most_bytes) const {
  std::vector<StoredRecord> records;
  std::size_t bytes = 0;
  Status scanned = scan(cursor, [&](const RecordView& record) {
    if (!records.empty() && bytes + record.body.size() > most_bytes) return false;
    bytes += record.body.size();
    records.push_back({record.header.offset, record.header.time, std::string(record.body)});
    return true;
  });
  if (!scanned.ok() && records.empty()) return scanned;
  return records;
}

Result<std::uint64_t> TopicLog::offset_at(std::int64_t time) const {
  std::uint64_t begin = 0;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& segment : segments_) {
      if (segment->header.made <= time) begin = segment->header.base;
    }
  }
  Cursor cursor(begin);
  Status scanned =
      scan(cursor, [time](const RecordView& record) { return record.header.time < time; });
  if (!scanned.ok()) return scanned;
  return cursor.offset();
}

}  // namespace weft::messaging::stored
