#include "weft/rpc/deframer.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "weft/codec/message.h"
#include "weft/http2/frame.h"

namespace weft::rpc {

namespace {

// Up to this size an announced message gets its block at once; beyond, the peer has to send half of
// a block before it gets one of twice the size.
constexpr std::size_t kTrustedSize = std::size_t{1} << 20;
// A message below this size is copied where sharing would keep alive a block of kPinFactor times
// its size: a copy of 1 KiB costs about what a share and its release cost (deframer_bench), and the
// reader's block stays free to be read into again.
constexpr std::size_t kCopyBelow = 1024;
constexpr std::size_t kPinFactor = 8;
// A burst of tiny messages must not leave a large array behind for the life of the stream.
constexpr std::size_t kKeptCapacity = 256;
// Blocks that small messages share while nobody reads them: each in one of its own would take 256
// bytes for the six of the smallest on the wire.
constexpr std::size_t kSmallBlock = 4096 - 16;
// From this size on a message keeps the slices it came in, each that is at least this part of its
// block.
constexpr std::size_t kLinkFrom = std::size_t{32} * 1024;
constexpr std::size_t kLinkPart = 4;
// As kTrustedSize, where memory is scarce.
constexpr std::size_t kTrustedIfScarce = std::size_t{64} * 1024 - 16;
// Popped places in front are closed up in steps, so that each item is moved a bounded number of
// times.
constexpr std::size_t kCompactFrom = 32;

std::string hex_byte(std::uint8_t byte) {
  constexpr std::string_view kHex = "0123456789abcdef";
  return std::string("0x") + kHex[byte >> 4] + kHex[byte & 15];
}

}  // namespace

Status Deframer::push(Bytes data) {
  if (!error_.ok()) return error_;
  if (dropped_) return ok_status();
  while (!data.empty()) {
    if (!in_body_) {
      const char* start = data.data();
      if (prefix_size_ == 0 && data.size() >= kMessagePrefix) [[likely]] {
        data.remove_prefix(prefix_size_ = kMessagePrefix);
      } else {
        if (!take_prefix(data)) break;
        start = reinterpret_cast<const char*>(prefix_);
      }
      Status status = start_body(reinterpret_cast<const std::uint8_t*>(start));
      if (!status.ok()) return error_ = std::move(status);
    }
    take_body(data);
  }
  return ok_status();
}

/// The first `size` bytes of `data`, which loses them. Behind messages that nobody has read yet it
/// may have to wait long, so that more is worth a copy.
Bytes Deframer::take(Bytes& data, std::size_t size) {
  Bytes taken;
  const bool waits = ready() != 0;
  if ((size < kCopyBelow || waits) && size * kPinFactor < data.pinned()) {
    const std::string_view message = data.view().substr(0, size);
    taken = waits && size < kCopyBelow ? copy_beside(message) : Bytes::copy_of(message);
  } else if (size == data.size()) {
    return std::exchange(data, Bytes());
  } else {
    taken = data.slice(0, size);
  }
  data.remove_prefix(size);
  return taken;
}

/// A copy in the block that the last one went to, where there is room.
Bytes Deframer::copy_beside(std::string_view message) {
  if (message.empty()) return {};
  if (!small_ || small_->capacity() - small_used_ < message.size()) {
    small_ = ChunkRef(Chunk::allocate(kSmallBlock));
    small_used_ = 0;
  }
  char* place = small_->data() + small_used_;
  std::memcpy(place, message.data(), message.size());
  small_used_ += message.size();
  return Bytes(small_, place, message.size());
}

bool Deframer::take_prefix(Bytes& data) {
  const std::size_t n = std::min(kMessagePrefix - prefix_size_, data.size());
  std::memcpy(prefix_ + prefix_size_, data.data(), n);
  prefix_size_ += n;
  data.remove_prefix(n);
  return prefix_size_ == kMessagePrefix;
}

Status Deframer::start_body(const std::uint8_t* prefix) {
  if (prefix[0] > 1) {
    return internal_error("a message starts with the flag byte " + hex_byte(prefix[0]) +
                          ", which is neither 0 nor 1: the peer does not send gRPC messages");
  }
  const std::size_t size = http2::read_u32(prefix + 1);
  if (size > limit_) {
    return resource_exhausted("a message of " + std::to_string(size) +
                              " bytes is larger than the limit of " + std::to_string(limit_) +
                              " bytes (" + std::string(kMessageLimitOption) + ")");
  }
  body_compressed_ = prefix[0] == 1;
  body_size_ = size;
  in_body_ = true;
  return ok_status();
}

void Deframer::take_body(Bytes& data) {
  if (body_filled_ == 0 && data.size() >= body_size_) {
    Bytes whole = take(data, body_size_);
    const std::size_t pinned = whole.pinned();
    if (has_next_) return make_ready({.bytes = std::move(whole), .pieces = {}, .pinned = pinned});
    // As make_ready(), where nothing was assembled and nothing waits.
    next_.bytes = std::move(whole);
    next_.pinned = pinned;
    next_.compressed = body_compressed_;
    has_next_ = true;
    blocks_ += pinned;
    in_body_ = false;
    prefix_size_ = 0;
    return;
  }
  fill_body(data);
  if (body_filled_ == body_size_) end_body();
}

void Deframer::fill_body(Bytes& data) {
  while (!data.empty() && body_filled_ < body_size_) {
    const std::size_t n = std::min(body_size_ - body_filled_, data.size());
    if (may_link(data, n)) {
      seal_body();
      link(n == data.size() ? data : data.slice(0, n));
      data.remove_prefix(n);
      body_filled_ += n;
    } else {
      copy_to_body(data, n);
    }
  }
}

/// Whether a piece may keep its block: where it takes a good part of it, or the last piece keeps
/// the same one.
bool Deframer::may_link(const Bytes& data, std::size_t size) const noexcept {
  if (!takes_pieces()) return false;
  if (size * kLinkPart >= data.pinned()) return true;
  return pieces_ && body_used_ == body_sealed_ && pieces_->back().shares_block_with(data);
}

/// A compressed message has to be in one piece; where memory is scarce, exact copies take least.
bool Deframer::takes_pieces() const noexcept {
  return pieces_ || (body_size_ >= kLinkFrom && !body_compressed_ && !scarce_);
}

void Deframer::link(Bytes piece) {
  if (!pieces_) pieces_ = std::make_unique<std::vector<Bytes>>();
  if (pieces_->empty() || !pieces_->back().shares_block_with(piece)) linked_ += piece.pinned();
  pieces_->push_back(std::move(piece));
}

/// What was copied since the last piece becomes one. Its block goes on being filled.
void Deframer::seal_body() {
  if (body_used_ == body_sealed_) return;
  if (!pieces_) pieces_ = std::make_unique<std::vector<Bytes>>();
  pieces_->emplace_back(body_, body_->data() + body_sealed_, body_used_ - body_sealed_);
  body_sealed_ = body_used_;
}

void Deframer::copy_to_body(Bytes& data, std::size_t size) {
  if (body_used_ == body_capacity_) make_room();
  const std::size_t n = std::min(body_capacity_ - body_used_, size);
  std::memcpy(body_->data() + body_used_, data.data(), n);
  body_used_ += n;
  body_filled_ += n;
  data.remove_prefix(n);
}

/// A block to copy to: one more, or a larger one in place of the last.
void Deframer::make_room() {
  const std::size_t left = body_size_ - body_filled_;
  if (takes_pieces()) {
    seal_body();
    linked_ += body_capacity_;
    body_ = ChunkRef(Chunk::allocate(body_capacity_ = std::min(left, kPieceBlock)));
    body_used_ = body_sealed_ = 0;
    return;
  }
  const std::size_t trusted = scarce_ ? kTrustedIfScarce : kTrustedSize;
  body_capacity_ = std::min(left + body_used_, std::max(trusted, body_capacity_ * 2));
  ChunkRef larger(Chunk::allocate(body_capacity_));
  if (body_used_ != 0) std::memcpy(larger->data(), body_->data(), body_used_);
  body_ = std::move(larger);
}

/// The message is whole.
void Deframer::end_body() {
  if (pieces_) {
    seal_body();
    make_ready({.bytes = {}, .pieces = std::move(pieces_), .pinned = linked_ + body_capacity_});
    body_ = ChunkRef();
    return;
  }
  const char* start = body_->data();
  Bytes whole(std::move(body_), start, body_size_);
  const std::size_t pinned = whole.pinned();
  make_ready({.bytes = std::move(whole), .pieces = {}, .pinned = pinned});
}

bool Deframer::share_a_block(const Item& a, const Item& b) noexcept {
  return !a.pieces && !b.pieces && a.bytes.shares_block_with(b.bytes);
}

void Deframer::make_ready(Item item) {
  item.compressed = body_compressed_;
  const Item& last = behind_.empty() ? next_ : behind_.back();
  if (!has_next_ || !share_a_block(item, last)) blocks_ += item.pinned;
  if (has_next_) {
    behind_.push_back(std::move(item));
  } else {
    next_ = std::move(item);
    has_next_ = true;
  }
  in_body_ = false;
  prefix_size_ = 0;
  body_filled_ = 0;
  body_used_ = body_sealed_ = 0;
  body_capacity_ = 0;
  linked_ = 0;
}

bool Deframer::pop(Item& out) {
  if (!has_next_) return false;
  out = std::move(next_);
  has_next_ = false;
  if (behind_.empty()) [[likely]] {
    blocks_ = 0;
    if (small_) small_ = ChunkRef();
  } else {
    advance();
    if (!share_a_block(out, next_)) blocks_ -= out.pinned;
  }
  return true;
}

/// Makes the first of those behind the next.
void Deframer::advance() {
  next_ = std::move(behind_[behind_head_++]);
  has_next_ = true;
  if (behind_head_ == behind_.size()) {
    behind_.clear();
    behind_head_ = 0;
    if (behind_.capacity() > kKeptCapacity) std::vector<Item>().swap(behind_);
  } else if (behind_head_ >= kCompactFrom && behind_head_ * 2 > behind_.size()) {
    behind_.erase(behind_.begin(), behind_.begin() + static_cast<std::ptrdiff_t>(behind_head_));
    behind_head_ = 0;
  }
}

void Deframer::drop() noexcept {
  if (has_next_) next_ = {};
  has_next_ = false;
  if (behind_.capacity() != 0) std::vector<Item>().swap(behind_);
  behind_head_ = 0;
  blocks_ = 0;
  if (small_) small_ = ChunkRef();
  dropped_ = true;
  pieces_.reset();
  linked_ = 0;
  body_ = ChunkRef();
  body_used_ = body_sealed_ = 0;
  body_capacity_ = 0;
}

}  // namespace weft::rpc
