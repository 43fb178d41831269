#include "weft/edge/files/internal/kept_file.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <functional>
#include <utility>

#include "weft/base/text/http_date.h"
#include "weft/codec/compression.h"

namespace weft::edge {
namespace {

constexpr Duration kLookAgain = std::chrono::seconds(1);
// A response of one packet gains nothing.
constexpr std::size_t kLeastCompressed = 1024;

std::string hexadecimal(std::uint64_t number) {
  std::array<char, 16> digits;
  const auto [end, error] = std::to_chars(digits.begin(), digits.end(), number, 16);
  return std::string(digits.begin(), end);
}

/// Of the content, or of what changes with it.
void set_etag(KeptFile& file, std::uint64_t first, std::uint64_t second) {
  const std::string tag = "\"" + hexadecimal(first) + "-" + hexadecimal(second);
  file.etag = tag + "\"";
  file.gzip_etag = tag + "-gzip\"";
}

void compress(KeptFile& file) {
  const std::size_t size = file.content.size();
  if (file.type.is_compressed || size < kLeastCompressed || size > kKeptSize) return;
  Result<Bytes> gzip = codec::compress(Compression::Gzip, file.content.view());
  if (gzip.ok() && gzip->size() < file.content.size()) file.gzip = *std::move(gzip);
}

}  // namespace

bool KeptFile::take_look(TimePoint now) noexcept {
  const TimePoint::rep this_time = now.time_since_epoch().count();
  TimePoint::rep last = looked_at.load(std::memory_order_relaxed);
  if (last == kNever.time_since_epoch().count() || this_time - last < kLookAgain.count()) {
    return false;
  }
  return looked_at.compare_exchange_strong(last, this_time, std::memory_order_relaxed);
}

Result<std::unique_ptr<KeptFile>> keep(const OpenedFile& file, std::string_view name) {
  auto kept = std::make_unique<KeptFile>();
  kept->facts = file.facts();
  kept->type = media_type_of(name);
  if (file.facts().is_folder) return kept;
  kept->modified = http_date(file.facts().modified_s);
  const auto time = static_cast<std::uint64_t>(file.facts().modified_s * 1'000'000'000 +
                                               file.facts().modified_ns);
  set_etag(*kept, time, file.facts().size);
  if (file.facts().size > kKeptSize || file.facts().size == 0) return kept;
  Result<Bytes> content = file.read(0, file.facts().size);
  if (!content.ok()) return content.status();
  if (content->size() != file.facts().size) {
    return unavailable("a file became shorter while it was read");
  }
  kept->content = *std::move(content);
  compress(*kept);
  return kept;
}

std::unique_ptr<KeptFile> keep_embedded(std::string_view name, std::string_view content) {
  auto kept = std::make_unique<KeptFile>();
  kept->facts.size = content.size();
  kept->type = media_type_of(name);
  kept->content = Bytes::of_static(content);
  kept->look_at(kNever);
  set_etag(*kept, std::hash<std::string_view>()(content), content.size());
  compress(*kept);
  return kept;
}

}  // namespace weft::edge
