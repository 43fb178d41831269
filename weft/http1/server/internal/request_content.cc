#include "weft/http1/server/internal/request_content.h"

#include <algorithm>
#include <cstring>
#include <string>

namespace weft::http1 {
namespace {

using By = Framing::By;

constexpr std::size_t kBlock = std::size_t{16} * 1024 - 64;
constexpr std::size_t kSmallestBlock = 1024;

}  // namespace

Fault RequestContent::begin(const Framing& framing, const ChunkLimits& chunks,
                            std::uint64_t limit) {
  by_ = framing.by;
  left_ = framing.length;
  limit_ = limit;
  if (by_ == By::Chunks) decoder_.emplace(chunks);
  ended_ = by_ == By::Nothing || (by_ == By::Length && left_ == 0);
  return by_ == By::Length && left_ > limit_ ? too_long() : Fault{};
}

void RequestContent::become_raw() noexcept {
  by_ = By::Close;
  ended_ = false;
}

Fault RequestContent::too_long() const {
  return {413, "the content is longer than the limit of " + std::to_string(limit_) + " bytes"};
}

Fault RequestContent::take(std::string_view& bytes) {
  if (by_ == By::Chunks) {
    if (Fault fault = take_chunks(bytes)) return fault;
  } else {
    take_plain(bytes);
  }
  if (ended_ || used_ != 0) wake();
  return {};
}

/// At least a byte of room, unless it is full.
std::size_t RequestContent::room_for(std::size_t size) {
  if (discards_) return size;
  if (!block_) {
    const std::size_t most = by_ == By::Length
                                 ? static_cast<std::size_t>(std::min<std::uint64_t>(left_, kBlock))
                                 : kBlock;
    const std::size_t capacity = by_ == By::Length ? most : std::clamp(size, kSmallestBlock, most);
    block_ = ChunkRef(Chunk::allocate(capacity));
    used_ = 0;
  }
  return std::min(size, block_->capacity() - used_);
}

void RequestContent::keep(std::string_view part) {
  came_ += part.size();
  if (discards_) {
    discarded_ += part.size();
    return;
  }
  std::memcpy(block_->data() + used_, part.data(), part.size());
  used_ += part.size();
}

void RequestContent::take_plain(std::string_view& bytes) {
  std::size_t size = bytes.size();
  if (by_ == By::Length) size = static_cast<std::size_t>(std::min<std::uint64_t>(size, left_));
  size = size == 0 ? 0 : room_for(size);
  if (size != 0) keep(bytes.substr(0, size));
  bytes.remove_prefix(size);
  if (by_ != By::Length) return;
  left_ -= size;
  ended_ = left_ == 0;
}

/// The decoder is given no more at a time than there is room for, so that what it finds is kept
/// whole.
Fault RequestContent::take_chunks(std::string_view& bytes) {
  while (!bytes.empty() && !ended_) {
    const std::size_t size = room_for(bytes.size());
    if (size == 0) return {};
    std::string_view part = bytes.substr(0, size);
    std::string_view content;
    const ChunkDecoder::Outcome outcome = decoder_->next(part, content);
    bytes.remove_prefix(size - part.size());
    switch (outcome) {
      case ChunkDecoder::Outcome::Refused:
        return decoder_->fault();
      case ChunkDecoder::Outcome::Content:
        keep(content);
        if (came_ > limit_) return too_long();
        break;
      case ChunkDecoder::Outcome::End:
        ended_ = true;
        break;
      case ChunkDecoder::Outcome::NeedMore:
        break;
    }
  }
  return {};
}

void RequestContent::end() noexcept {
  ended_ = true;
  wake();
}

void RequestContent::discard() noexcept {
  discards_ = true;
  discarded_ += used_;
  block_ = ChunkRef();
  used_ = 0;
}

rpc::HttpFields RequestContent::trailers() const noexcept {
  return decoder_ && ended_ ? decoder_->trailers() : rpc::HttpFields();
}

std::size_t RequestContent::memory() const noexcept {
  return (block_ ? block_->capacity() : 0) + (decoder_ ? decoder_->memory() : 0);
}

MessageReader::Poll RequestContent::poll(Message& out) {
  if (used_ == 0) {
    if (ended_ || discards_) return Poll::End;
    source_.on_content_wanted();
    // The source may have had some, or may have found that there will be none.
    if (used_ == 0) return ended_ || discards_ ? Poll::End : Poll::Pending;
  }
  const char* const data = block_->data();
  const std::size_t size = std::exchange(used_, 0);
  out = Message(Bytes(std::exchange(block_, ChunkRef()), data, size));
  source_.on_content_taken();
  return Poll::Message;
}

void RequestContent::wait(Waiter& waiter) noexcept {
  rpc::keep_waiter(waiting_, waiter, "the content of an HTTP request");
}

void RequestContent::wake() noexcept {
  if (Waiter* const woken = std::exchange(waiting_, nullptr); woken != nullptr) loop_.ready(*woken);
}

}  // namespace weft::http1
