#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace weft::http2::internal {

/// A header block that HEADERS began and CONTINUATION frames are to end (RFC 9113 section 4.3).
///
/// A block must be decoded to its end even when its list is too large, or the HPACK state of the
/// connection is lost. So its encoded size has a limit of its own, well above that of the list, and
/// the number of frames has one too, since empty CONTINUATION frames cost the peer next to nothing
/// (CVE-2024-27316 and its like).
class HeaderBlock {
 public:
  static constexpr std::size_t kMostContinuations = 64;

  explicit HeaderBlock(std::size_t max_header_list_size) noexcept
      : limit_(max_header_list_size * 4 > kSmallestLimit ? max_header_list_size * 4
                                                         : kSmallestLimit) {}

  /// The stream whose block is unfinished; 0 when none is.
  std::uint32_t stream_id() const noexcept { return stream_id_; }
  bool end_stream() const noexcept { return end_stream_; }
  bool depends_on_itself() const noexcept { return depends_on_itself_; }
  std::size_t limit() const noexcept { return limit_; }
  std::span<const std::uint8_t> bytes() const noexcept { return bytes_; }

  /// False when the fragment exceeds the limit; so does add().
  bool begin(std::uint32_t stream_id, bool end_stream, bool depends_on_itself,
             std::span<const std::uint8_t> fragment);
  bool add(std::span<const std::uint8_t> fragment);
  std::size_t memory() const noexcept { return bytes_.capacity(); }
  void finish() noexcept {
    stream_id_ = 0;
    bytes_ = {};  // rare enough that no memory is kept for the next
  }

 private:
  static constexpr std::size_t kSmallestLimit = std::size_t{64} * 1024;

  std::size_t limit_;
  std::uint32_t stream_id_ = 0;
  bool end_stream_ = false;
  bool depends_on_itself_ = false;
  std::size_t continuations_ = 0;
  std::vector<std::uint8_t> bytes_;
};

}  // namespace weft::http2::internal
