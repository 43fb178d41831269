#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "weft/base/result.h"
#include "weft/base/rng.h"
#include "weft/messaging/log/internal/disk.h"
#include "weft/messaging/log/internal/segment.h"

namespace weft::messaging::stored {

struct TopicLogOptions {
  /// A segment that has grown to this is followed by another; at most 1 GiB.
  std::size_t segment_bytes = std::size_t{64} << 20;
  std::uint64_t seed = 0;  // of the salts
};

/// A record with its own copy of the body.
struct StoredRecord {
  std::uint64_t offset = 0;
  std::int64_t time = 0;  // appended, in milliseconds since 1970
  std::string body;
};

/// The records of one topic: a folder of segments, each named for the offset of its first record.
/// Offsets have no gaps.
///
/// open(), append(), sync() and remove_old() are for one thread at a time; the rest is for any
/// thread meanwhile.
///
/// What a crash leaves behind the last sync is cut off at the last whole record when the log is
/// opened again. What was synced is not cut off: where that is damaged, opening or reading fails
/// with DATA_LOSS. The end of the last batch is an exception: nothing after it says that it was
/// synced, so damage there is taken for a crash. It is logged.
class TopicLog {
 private:
  struct Segment;

 public:
  /// Opens what is there, and makes the folder where nothing is. `disk` must outlive it.
  static Result<std::unique_ptr<TopicLog>> open(Disk& disk, std::string folder,
                                                const TopicLogOptions& options, std::int64_t now);

  /// Opens a log to read it only, also while another program has it open; refresh() sees what has
  /// come since. Records may be seen shortly before they are safe. NOT_FOUND where there is none.
  static Result<std::unique_ptr<TopicLog>> view(Disk& disk, std::string folder);
  Status refresh();

  /// Appends records; the first has the offset appended(). They are not safe before sync(). On
  /// failure none was appended. RESOURCE_EXHAUSTED: the disk is full; it may be tried again.
  Status append(std::span<const std::string> bodies, std::int64_t now);
  /// Makes safe what was appended; then readers see it. After a failure nothing can be appended
  /// until the log is opened again, since nobody knows what the disk has.
  Status sync();
  /// Removes whole segments, the oldest first, none of which has records at or behind `needed`,
  /// as long as more than `most_bytes` are there or their records are all older than `oldest`
  /// (milliseconds since 1970). The last segment stays. Gives how many segments it has removed.
  Result<std::size_t> remove_old(std::uint64_t most_bytes, std::int64_t oldest,
                                 std::uint64_t needed);

  /// The offset that the next appended record gets.
  std::uint64_t appended() const noexcept { return appended_; }
  /// The offset with which the last segment begins.
  std::uint64_t last_base() const noexcept { return segments_.back()->header.base; }
  /// Why nothing can be appended any more; OK: it can.
  const Status& broken() const noexcept { return broken_; }

  /// Offset of the oldest record, and one more than that of the newest that is safe.
  std::uint64_t first() const;
  std::uint64_t end() const;
  /// Bytes on the disk.
  std::uint64_t bytes() const;

  /// A place from which to read on. Belongs to one reader.
  class Cursor {
   public:
    explicit Cursor(std::uint64_t offset) noexcept : offset_(offset) {}
    /// Of the record that is read next.
    std::uint64_t offset() const noexcept { return offset_; }

   private:
    friend class TopicLog;
    std::uint64_t offset_;
    std::shared_ptr<Segment> segment_;
    std::uint64_t position_ = 0;
    std::uint64_t next_ = 0;  // the offset of the record at position_
  };
  /// The next records that are safe, until they have `most_bytes` together, at least one; none at
  /// the end. A cursor before first() goes on there. DATA_LOSS names the file and the position.
  Result<std::vector<StoredRecord>> read(Cursor& cursor, std::size_t most_bytes) const;
  /// The first record appended at `time` (milliseconds since 1970) or later; end() where all are
  /// older.
  Result<std::uint64_t> offset_at(std::int64_t time) const;

 private:
  struct Segment {
    std::string path;
    SegmentHeader header;
    std::unique_ptr<File> file;
    std::uint64_t size = 0;  // of the file, as far as it is known to have whole records
  };

  TopicLog(Disk& disk, std::string folder, const TopicLogOptions& options)
      : disk_(disk), folder_(std::move(folder)), options_(options), rng_(options.seed) {}
  Status recover(std::int64_t now);
  enum class Interrupted { Remove, Ignore };
  Status open_segments(Interrupted what);
  Status follow_tail();
  Status recover_tail();
  static Status cut(Segment& segment, std::uint64_t size, std::uint64_t expected);
  Status add_segment(std::int64_t now);
  Result<std::shared_ptr<Segment>> make_segment(const SegmentHeader& header);
  void seek(Cursor& cursor) const;
  std::uint64_t end_of(const Segment& segment) const;
  /// Calls `take` with the records from `cursor` on until it returns false, or at end().
  Status scan(Cursor& cursor, const std::function<bool(const RecordView&)>& take) const;

  Disk& disk_;
  const std::string folder_;
  const TopicLogOptions options_;
  Rng rng_;
  std::uint64_t appended_ = 0;
  std::uint64_t safe_position_ = 0;  // in the last segment
  Status broken_;

  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<Segment>> segments_;
  std::uint64_t end_ = 0;
};

}  // namespace weft::messaging::stored
