#include "weft/rpc/grpc/deframer.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "weft/codec/message.h"
#include "weft/http2/frame/frame.h"
#include "weft/rpc/grpc/grpc_wire.h"

namespace weft::rpc {

namespace {

// Up to this size an announced message gets its block at once; beyond, the peer has to send half of
// a block before it gets one of twice the size.
constexpr std::size_t kTrustedSize = std::size_t{1} << 20;
// A copy of less costs no more than a share and its release.
constexpr std::size_t kShareFrom = 256;
// A burst of tiny messages must not leave a large array behind for the life of the stream.
constexpr std::size_t kKeptCapacity = 256;
// Smaller messages that wait are kept in rows, in blocks that grow up to this size: each in a block
// of its own would take 256 bytes for the six of the smallest on the wire.
constexpr std::size_t kRowsBelow = 1024;
constexpr std::size_t kLargestRow = 4096 - 16;
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

Status Deframer::push_parts(BytesView data) {
  if (failed_) [[unlikely]]
    return rest_->error;
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
      if (!status.ok()) {
        failed_ = true;
        return rest().error = std::move(status);
      }
    }
    take_body(data);
  }
  return ok_status();
}

bool Deframer::push_whole(BytesView data) {
  if (prefix_size_ != 0 || has_next_ || dropped_ || failed_ || data.size() < kMessagePrefix) {
    return false;
  }
  const auto* prefix = reinterpret_cast<const std::uint8_t*>(data.data());
  const std::uint32_t size = http2::read_u32(prefix + 1);
  if (prefix[0] > 1 || size > limit_ || size != data.size() - kMessagePrefix) return false;
  data.remove_prefix(kMessagePrefix);
  const bool copied = size < copy_below() && size * Bytes::kPinFactor < data.pinned();
  next_ = copied ? Bytes::copy_of(data.view()) : data.share();
  next_compressed_ = prefix[0] == 1;
  has_next_ = true;
  return true;
}

/// What is smaller does not keep a block alive that is much larger.
std::size_t Deframer::copy_below() const noexcept {
  return read_at_once_ ? kShareFrom : Bytes::kSmall;
}

/// The first `size` bytes of `data`, which loses them. Behind messages that nobody has read yet it
/// may have to wait long, so that more is worth a copy.
Bytes Deframer::take(BytesView& data, std::size_t size) {
  const bool small = size < copy_below() || has_next_;
  const bool copied = small && size * Bytes::kPinFactor < data.pinned();
  Bytes taken = copied ? Bytes::copy_of(data.view().substr(0, size)) : data.first(size).share();
  data.remove_prefix(size);
  return taken;
}

void Deframer::keep_unread() {
  read_at_once_ = false;
  // Where those behind it are in the same block, that stays anyway.
  if (has_next_ && next_.pins_much() && !next_shares_a_block())
    next_ = Bytes::copy_of(next_.view());
}

/// Whether the next message and the one behind it are in the same block, which counts as the next
/// one's.
bool Deframer::next_shares_a_block() const noexcept {
  if (rest_ == nullptr || rest_->waiting == 0 || next_in_pieces()) return false;
  const Item& behind = rest_->behind[rest_->head].item;
  return !behind.pieces && behind.bytes.shares_block_with(next_);
}

/// A whole message that is small and not the next: goes behind the others as it came, prefix and
/// all.
void Deframer::wait_in_row(std::string_view message) {
  Rest& rest = this->rest();
  const std::size_t size = kMessagePrefix + message.size();
  const bool fits = rest.small && rest.small->capacity() - rest.small_used >= size;
  if (!fits) {
    const std::size_t twice = rest.small ? rest.small->capacity() * 2 : 0;
    rest.small = ChunkRef(Chunk::allocate(std::clamp(twice, size, kLargestRow)));
    rest.small_used = 0;
  }
  char* const place = rest.small->data() + rest.small_used;
  if (!fits || rest.behind.empty() || rest.behind.back().row == 0) {
    Bytes row(rest.small, place, rest.small->capacity() - rest.small_used);
    make_waiting({.item = {.bytes = std::move(row), .pieces = {}, .pinned = rest.small->capacity()},
                  .row = 0});
  } else {
    ++rest.waiting;
  }
  write_message_prefix(reinterpret_cast<std::uint8_t*>(place), body_compressed_, body_size_);
  if (!message.empty()) std::memcpy(place + kMessagePrefix, message.data(), message.size());
  rest.small_used += size;
  ++rest.behind.back().row;
  in_body_ = false;
  prefix_size_ = 0;
}

bool Deframer::take_prefix(BytesView& data) {
  const std::size_t n = std::min<std::size_t>(kMessagePrefix - prefix_size_, data.size());
  std::memcpy(prefix_ + prefix_size_, data.data(), n);
  prefix_size_ = static_cast<std::uint8_t>(prefix_size_ + n);
  data.remove_prefix(n);
  return prefix_size_ == kMessagePrefix;
}

Status Deframer::start_body(const std::uint8_t* prefix) {
  if (prefix[0] > 1) {
    return internal_error("a message starts with the flag byte " + hex_byte(prefix[0]) +
                          ", which is neither 0 nor 1: the peer does not send gRPC messages");
  }
  const std::uint32_t size = http2::read_u32(prefix + 1);
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

void Deframer::take_body(BytesView& data) {
  if (filled() == 0 && data.size() >= body_size_) [[likely]] {
    if (has_next_ && body_size_ < kRowsBelow) {
      wait_in_row(data.view().substr(0, body_size_));
      return data.remove_prefix(body_size_);
    }
    Bytes whole = take(data, body_size_);
    if (has_next_) {
      const std::size_t pinned = whole.pinned();
      return make_ready({.bytes = std::move(whole), .pieces = {}, .pinned = pinned});
    }
    // As make_ready(), where nothing was assembled and nothing waits.
    next_ = std::move(whole);
    next_compressed_ = body_compressed_;
    has_next_ = true;
    in_body_ = false;
    prefix_size_ = 0;
    return;
  }
  if (data.empty()) return;
  rest();
  fill_body(data);
  if (filled() == body_size_) end_body();
}

void Deframer::fill_body(BytesView& data) {
  Body& body = rest_->body;
  while (!data.empty() && body.filled < body_size_) {
    const std::size_t n = std::min(body_size_ - body.filled, data.size());
    if (may_link(data, n)) {
      seal_body();
      link(data.first(n).share());
      data.remove_prefix(n);
      body.filled += n;
    } else {
      copy_to_body(data, n);
    }
  }
}

/// Whether a piece may keep its block: where it takes a good part of it, or the last piece keeps
/// the same one.
bool Deframer::may_link(const BytesView& data, std::size_t size) const noexcept {
  if (!takes_pieces()) return false;
  if (size * kLinkPart >= data.pinned()) return true;
  const Body& body = rest_->body;
  return body.pieces && body.used == body.sealed && data.shares_block_with(body.pieces->back());
}

/// A compressed message has to be in one piece; where memory is scarce, exact copies take least.
bool Deframer::takes_pieces() const noexcept {
  return rest_->body.pieces || (body_size_ >= kLinkFrom && !body_compressed_ && !scarce_);
}

void Deframer::link(Bytes piece) {
  auto& pieces = rest_->body.pieces;
  if (!pieces) pieces = std::make_unique<std::vector<Bytes>>();
  if (pieces->empty() || !pieces->back().shares_block_with(piece))
    rest_->body.linked += piece.pinned();
  pieces->push_back(std::move(piece));
}

/// What was copied since the last piece becomes one. Its block goes on being filled.
void Deframer::seal_body() {
  Body& body = rest_->body;
  if (body.used == body.sealed) return;
  if (!body.pieces) body.pieces = std::make_unique<std::vector<Bytes>>();
  body.pieces->emplace_back(body.block, body.block->data() + body.sealed, body.used - body.sealed);
  body.sealed = body.used;
}

void Deframer::copy_to_body(BytesView& data, std::size_t size) {
  Body& body = rest_->body;
  if (body.used == body.capacity) make_room();
  const std::size_t n = std::min(body.capacity - body.used, size);
  std::memcpy(body.block->data() + body.used, data.data(), n);
  body.used += n;
  body.filled += n;
  data.remove_prefix(n);
}

/// A block to copy to: one more, or a larger one in place of the last.
void Deframer::make_room() {
  Body& body = rest_->body;
  const std::size_t left = body_size_ - body.filled;
  if (takes_pieces()) {
    seal_body();
    body.linked += body.capacity;
    body.block = ChunkRef(Chunk::allocate(body.capacity = std::min(left, kPieceBlock)));
    body.used = body.sealed = 0;
    return;
  }
  const std::size_t trusted = scarce_ ? kTrustedIfScarce : kTrustedSize;
  body.capacity = std::min(left + body.used, std::max(trusted, body.capacity * 2));
  ChunkRef larger(Chunk::allocate(body.capacity));
  if (body.used != 0) std::memcpy(larger->data(), body.block->data(), body.used);
  body.block = std::move(larger);
}

/// The message is whole.
void Deframer::end_body() {
  if (rest_->body.pieces) seal_body();
  Body body = std::exchange(rest_->body, {});
  if (body.pieces) {
    const std::size_t pinned = body.linked + body.capacity;
    return make_ready({.bytes = {}, .pieces = std::move(body.pieces), .pinned = pinned});
  }
  const char* start = body.block->data();
  if (has_next_ && body_size_ < kRowsBelow) return wait_in_row({start, body_size_});
  Bytes whole(std::move(body.block), start, body_size_);
  const std::size_t pinned = whole.pinned();
  make_ready({.bytes = std::move(whole), .pieces = {}, .pinned = pinned});
}

bool Deframer::share_a_block(const Item& a, const Item& b) noexcept {
  return !a.pieces && !b.pieces && a.bytes.shares_block_with(b.bytes);
}

void Deframer::make_ready(Item item) {
  item.compressed = body_compressed_;
  in_body_ = false;
  prefix_size_ = 0;
  if (!has_next_) return set_next(std::move(item));
  make_waiting({.item = std::move(item), .row = 0});
}

void Deframer::make_waiting(Waiting waiting) {
  auto& behind = rest().behind;
  const Item& item = waiting.item;
  const bool beside = behind.empty()
                          ? !next_in_pieces() && !item.pieces && item.bytes.shares_block_with(next_)
                          : share_a_block(item, behind.back().item);
  if (!beside) rest_->blocks += item.pinned;
  behind.push_back(std::move(waiting));
  ++rest_->waiting;
}

void Deframer::set_next(Item item) {
  has_next_ = true;
  next_ = std::move(item.bytes);
  next_compressed_ = item.compressed;
  if (item.pieces == nullptr) return;
  rest().next_pieces = std::move(item.pieces);
  rest_->next_pinned = item.pinned;
}

bool Deframer::pop(Item& out) {
  if (!has_next_) return false;
  out.pinned = pinned_by_next();
  out.bytes = std::move(next_);
  out.compressed = next_compressed_;
  has_next_ = false;
  if (rest_ != nullptr) [[unlikely]] {
    out.pieces = std::move(rest_->next_pieces);
    advance(out);
  }
  return true;
}

/// Makes the first of those behind the next, if there is one.
void Deframer::advance(const Item& popped) {
  Rest& rest = *rest_;
  auto& behind = rest.behind;
  if (behind.empty()) {
    rest.small = ChunkRef();
    return;
  }
  Waiting& first = behind[rest.head];
  // From here on it counts as the next.
  if (!share_a_block(popped, first.item)) rest.blocks -= first.item.pinned;
  set_next(take_first(first));
  --rest.waiting;
  if (first.row != 0) return;
  if (++rest.head == behind.size()) {
    behind.clear();
    rest.head = 0;
    if (behind.capacity() > kKeptCapacity) std::vector<Waiting>().swap(behind);
  } else if (rest.head >= kCompactFrom && rest.head * 2 > behind.size()) {
    behind.erase(behind.begin(), behind.begin() + static_cast<std::ptrdiff_t>(rest.head));
    rest.head = 0;
  }
}

/// The message, or the first of a row, which loses it.
Deframer::Item Deframer::take_first(Waiting& waiting) {
  if (waiting.row == 0) return std::move(waiting.item);
  --waiting.row;
  Bytes& row = waiting.item.bytes;
  const auto* prefix = reinterpret_cast<const std::uint8_t*>(row.data());
  const std::size_t size = http2::read_u32(prefix + 1);
  Item item{.bytes = row.slice(kMessagePrefix, size), .pieces = {}, .compressed = prefix[0] == 1};
  row.remove_prefix(kMessagePrefix + size);
  return item;
}

void Deframer::forget() noexcept {
  next_ = Bytes();
  has_next_ = false;
  if (failed_) {
    Rest error_only;
    error_only.error = std::move(rest_->error);
    *rest_ = std::move(error_only);
  } else {
    rest_.reset();
  }
}

}  // namespace weft::rpc
