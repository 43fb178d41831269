#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "weft/base/bytes.h"
#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/edge/files/internal/media_type.h"
#include "weft/edge/files/internal/opened_file.h"

namespace weft::edge {

/// Files up to this size are kept in memory as a whole, and compressed.
inline constexpr std::uint64_t kKeptSize = std::uint64_t{256} * 1024;

/// A file as it was when it was read; of a large one all but its content.
struct KeptFile {
  FileFacts facts;
  MediaType type;
  std::string etag;       // with its quotes
  std::string gzip_etag;  // that of `gzip`, which is another representation
  std::string modified;   // as Last-Modified has it; empty: not known
  Bytes content;
  Bytes gzip;  // the same, compressed; empty where that is not worth it
  /// When it was last looked at whether the file is as it was; kNever: it always is.
  std::atomic<TimePoint::rep> looked_at{0};

  bool is_on_disk() const noexcept { return content.empty() && facts.size > 0; }
  void look_at(TimePoint now) noexcept { looked_at = now.time_since_epoch().count(); }
  /// Whether the caller is to look again: true for one caller a second.
  bool take_look(TimePoint now) noexcept;
  std::uint64_t bytes() const noexcept { return content.pinned() + gzip.pinned() + sizeof *this; }
};

/// What an open file is. Reads and compresses it where it is not large, so not for a loop.
Result<std::unique_ptr<KeptFile>> keep(const OpenedFile& file, std::string_view name);
/// A file of the program, whose content outlives the result. Not for a loop either.
std::unique_ptr<KeptFile> keep_embedded(std::string_view name, std::string_view content);

}  // namespace weft::edge
