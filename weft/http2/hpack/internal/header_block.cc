#include "weft/http2/hpack/internal/header_block.h"

namespace weft::http2::internal {

bool HeaderBlock::begin(std::uint32_t stream_id, bool end_stream, bool depends_on_itself,
                        std::span<const std::uint8_t> fragment) {
  stream_id_ = stream_id;
  end_stream_ = end_stream;
  depends_on_itself_ = depends_on_itself;
  continuations_ = 0;
  bytes_.assign(fragment.begin(), fragment.end());
  return bytes_.size() <= limit_;
}

bool HeaderBlock::add(std::span<const std::uint8_t> fragment) {
  if (++continuations_ > kMostContinuations) return false;
  if (bytes_.size() + fragment.size() > limit_) return false;
  bytes_.insert(bytes_.end(), fragment.begin(), fragment.end());
  return true;
}

}  // namespace weft::http2::internal
