#include "weft/http2/session/output.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace weft::http2 {
namespace {

/// Room for segments that an empty queue may keep; more came from a burst and is given back.
constexpr std::size_t kKeptSegments = 16;

}  // namespace

std::uint8_t* OutputQueue::reserve_in_new_block(std::size_t n) {
  seal();
  // All of the block has been written or sealed; if no segment shares it, its memory is free again.
  if (!block_ || !block_->unique() || block_->capacity() < n) {
    block_ = ChunkRef(Chunk::allocate(std::max(n, kBlock)));
  }
  block_start_ = 0;
  block_end_ = 0;
  return block_at(0);
}

void OutputQueue::append(Bytes bytes) {
  const std::size_t n = bytes.size();
  if (n == 0) return;
  if (n < kLinkThreshold || n * kPinFactor < bytes.pinned()) {
    std::memcpy(reserve(n), bytes.data(), n);
    commit(n);
    return;
  }
  seal();
  lent_ = lent_ || !bytes.owns();
  push(std::move(bytes));
  size_ += n;
}

void OutputQueue::own() {
  if (!std::exchange(lent_, false) || segments_.empty()) return;
  std::vector<Bytes> owned;
  owned.reserve(segments_.size() - head_);
  BlockCopies copies;
  for (; head_ < segments_.size(); ++head_) {
    Bytes& segment = segments_[head_];
    if (segment.owns()) {
      owned.push_back(std::move(segment));
    } else {
      copies.add(segment.view(), [&](Bytes piece) { owned.push_back(std::move(piece)); });
    }
  }
  segments_ = std::move(owned);
  head_ = 0;
}

void OutputQueue::seal() {
  if (block_start_ == block_end_) return;
  push(Bytes(block_, block_->data() + block_start_, block_end_ - block_start_));
  block_start_ = block_end_;
}

void OutputQueue::push(Bytes bytes) {
  // A queue that never runs empty moves its segments down once half of the vector lies behind it.
  if (segments_.size() == segments_.capacity() && head_ > segments_.size() / 2) {
    segments_.erase(segments_.begin(), segments_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
  }
  segments_.push_back(std::move(bytes));
}

std::size_t OutputQueue::gather(std::span<iovec> slices) const noexcept {
  std::size_t filled = 0;
  for (std::size_t i = head_; i < segments_.size() && filled < slices.size(); ++i) {
    slices[filled++] = {const_cast<char*>(segments_[i].data()), segments_[i].size()};
  }
  if (block_start_ != block_end_ && filled < slices.size()) {
    slices[filled++] = {block_at(block_start_), block_end_ - block_start_};
  }
  return filled;
}

std::size_t OutputQueue::consume_segments(std::size_t n) noexcept {
  while (head_ < segments_.size()) {
    Bytes& front = segments_[head_];
    if (n < front.size()) {
      front.remove_prefix(n);
      return 0;
    }
    n -= front.size();
    front = Bytes();
    ++head_;
  }
  segments_.clear();
  head_ = 0;
  return n;
}

void OutputQueue::consume(std::size_t n) noexcept {
  size_ -= n;
  if (size_ == 0) {
    clear();
    return;
  }
  if (!segments_.empty()) n = consume_segments(n);
  block_start_ += n;
}

void OutputQueue::clear() noexcept {
  if (!segments_.empty()) {
    segments_.clear();
    head_ = 0;
    if (segments_.capacity() > kKeptSegments) std::vector<Bytes>().swap(segments_);
  }
  block_ = ChunkRef();
  block_start_ = 0;
  block_end_ = 0;
  size_ = 0;
  lent_ = false;
}

}  // namespace weft::http2
