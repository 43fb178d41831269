#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "weft/base/bytes.h"
#include "weft/base/status.h"
#include "weft/coro/frame/frame_pool.h"

namespace weft::rpc {

/// The five bytes before a message: compressed flag, then the length, big-endian.
inline constexpr std::size_t kMessagePrefix = 5;

/// The option that a message beyond the limit is blamed on.
inline constexpr std::string_view kMessageLimitOption = "max_receive_size";

/// Cuts a stream of DATA payloads into messages. A message that lies whole in one slice is shared,
/// not copied, unless it is small and would pin a much larger block. One in several slices is
/// assembled in a block of its exact size; a large one keeps the slices as its pieces, those apart
/// that are small beside their blocks: these are copied. Belongs to one stream; not thread-safe.
///
///            push                     prefix complete           body complete
///   boundary ----> prefix (1..4 bytes) --------------> body --------------------> ready, boundary
///
/// A message that is read in the turn in which it arrives (expect_reader) shares its block in
/// any case, and counts for its size alone.
///
/// A peer's announced size is not taken at its word: pieces come one by one, and what has to be one
/// block gets 1 MiB at once, 64 KiB where memory is scarce, and grows with what arrives. Small
/// messages that wait behind others are kept as they came, with their prefixes, in blocks that they
/// share: an empty one takes five bytes, and a million of them are freed in a moment.
class Deframer {
 public:
  struct Item {
    std::size_t size() const noexcept { return pieces ? Bytes::total_size(*pieces) : bytes.size(); }
    /// In one piece; joins where it is in several.
    Bytes joined() const { return pieces ? Bytes::joined(*pieces) : bytes; }

    Bytes bytes;
    /// A large message that arrived in several slices: these, and nothing in `bytes`.
    std::unique_ptr<std::vector<Bytes>> pieces;
    std::size_t pinned = 0;  // bytes of memory that it keeps alive
    bool compressed = false;
  };
  explicit Deframer(std::size_t max_message_size) noexcept
      : limit_(static_cast<std::uint32_t>(std::min<std::size_t>(max_message_size, UINT32_MAX))) {}

  /// Takes a slice of payload. RESOURCE_EXHAUSTED naming size, limit and option as soon as a prefix
  /// announces a message beyond the limit; INTERNAL for a flag byte other than 0 or 1. After an
  /// error nothing more is taken and the error is returned again; messages cut before it can still
  /// be popped.
  Status push(BytesView data) { return push_whole(data) ? ok_status() : push_parts(data); }
  /// As push(), where `data` is one message and nothing else is here; false, and nothing is taken,
  /// where it is not.
  bool push_whole(BytesView data);
  /// As push(), of what push_whole() has not taken.
  Status push_parts(BytesView data);
  /// The next whole message; false when there is none yet.
  bool pop(Item& out);
  /// Of the next whole message, where there is one: whether it is compressed, and its bytes where
  /// it is, which are in one piece.
  bool next_compressed() const noexcept { return next_compressed_; }
  const Bytes& next() const noexcept { return next_; }
  /// It is not compressed, in one piece, and has at most this many bytes.
  bool next_is_small(std::size_t size) const noexcept {
    return next_.size() <= size && !next_compressed_ && !next_in_pieces();
  }
  /// As pop(), of a message that is all there is here, uncompressed and in one piece; false, and
  /// nothing is taken, where it is not.
  bool pop_whole(Bytes& out) noexcept {
    if (!has_next_ || next_compressed_ || rest_ != nullptr) return false;
    out = std::move(next_);
    has_next_ = false;
    return true;
  }
  /// What is pushed from here on is read before the reader's block is read into again, or
  /// keep_unread() is called before that.
  void expect_reader() noexcept { read_at_once_ = true; }
  /// It is no more; copies what was not read.
  void keep_unread();
  /// Forgets everything that was not popped; what is pushed later is ignored.
  void drop() noexcept {
    dropped_ = true;
    if (has_next_ || rest_ != nullptr) forget();
  }
  /// Little memory is left: believe less of what the peer announces.
  void set_scarce(bool scarce) noexcept { scarce_ = scarce; }

  /// Bytes of memory kept: by whole messages, and by these and the one that is being assembled.
  std::size_t unread() const noexcept {
    return (has_next_ ? pinned_by_next() : 0) +
           (rest_ == nullptr ? 0 : rest_->blocks + rest_->behind.capacity() * sizeof(Waiting));
  }
  std::size_t held() const noexcept {
    return unread() + (rest_ == nullptr ? 0 : rest_->body.capacity + rest_->body.linked);
  }
  /// No message is larger than its prefix can say.
  std::size_t limit() const noexcept { return limit_; }

  /// Whether there is a whole message.
  bool has_message() const noexcept { return has_next_; }
  /// How many whole messages there are.
  std::size_t ready() const noexcept {
    return (has_next_ ? std::size_t{1} : 0) + (rest_ == nullptr ? 0 : rest_->waiting);
  }
  /// Nothing of an unfinished message is held: the stream may end here.
  bool at_boundary() const noexcept { return prefix_size_ == 0 && !in_body_; }
  /// Bytes held for a message that is not whole yet, prefix included: to be credited to the peer at
  /// once, or a message larger than the window would never arrive.
  std::size_t partial_bytes() const noexcept { return prefix_size_ + filled(); }

 private:
  /// The message that is being assembled: pieces, then what is copied to a block.
  struct Body {
    std::unique_ptr<std::vector<Bytes>> pieces;
    ChunkRef block;
    std::size_t linked = 0;    // what the pieces keep alive
    std::size_t filled = 0;    // of the message, the pieces included
    std::size_t used = 0;      // of the block
    std::size_t sealed = 0;    // of that, in the pieces already
    std::size_t capacity = 0;  // of the block
  };
  /// What waits behind the next message: another, or small ones in a row.
  struct Waiting {
    Item item;
    std::uint32_t row =
        0;  // so many messages with their prefixes are what `item.bytes` begins with
  };
  /// What is needed only for messages that come in several slices or wait behind others.
  struct Rest : coro::Pooled {
    Body body;
    // Of the next message, where it is in pieces.
    std::unique_ptr<std::vector<Bytes>> next_pieces;
    std::size_t next_pinned = 0;
    // Whole messages behind the next.
    std::vector<Waiting> behind;
    std::size_t head = 0;
    std::size_t waiting = 0;  // how many messages these are
    // What these keep alive; a block counts once for the messages in it that stand side by side.
    std::size_t blocks = 0;
    ChunkRef small;  // where rows are
    std::size_t small_used = 0;
    Status error;
  };

  bool take_prefix(BytesView& data);
  Status start_body(const std::uint8_t* prefix);
  void take_body(BytesView& data);
  void fill_body(BytesView& data);
  void copy_to_body(BytesView& data, std::size_t size);
  bool takes_pieces() const noexcept;
  bool may_link(const BytesView& data, std::size_t size) const noexcept;
  void link(Bytes piece);
  void seal_body();
  void make_room();
  void end_body();
  void make_ready(Item item);
  void make_waiting(Waiting waiting);
  void wait_in_row(std::string_view message);
  static Item take_first(Waiting& waiting);
  static bool share_a_block(const Item& a, const Item& b) noexcept;
  bool next_shares_a_block() const noexcept;
  void set_next(Item item);
  void advance(const Item& popped);
  Bytes take(BytesView& data, std::size_t size);
  std::size_t copy_below() const noexcept;
  void forget() noexcept;
  bool next_in_pieces() const noexcept { return rest_ != nullptr && rest_->next_pieces != nullptr; }
  std::size_t pinned_by_next() const noexcept {
    if (next_in_pieces()) return rest_->next_pinned;
    return read_at_once_ ? next_.size() : next_.pinned();
  }
  std::size_t filled() const noexcept { return rest_ == nullptr ? 0 : rest_->body.filled; }
  Rest& rest() {
    if (rest_ == nullptr) rest_ = std::make_unique<Rest>();
    return *rest_;
  }

  Bytes next_;  // the message to be popped next, usually the only one; see Rest
  std::unique_ptr<Rest> rest_;
  std::uint32_t limit_;
  std::uint32_t body_size_ = 0;  // as its prefix says
  std::uint8_t prefix_[kMessagePrefix] = {};
  std::uint8_t prefix_size_ : 3 = 0;  // stays kMessagePrefix while in the body
  bool body_compressed_ : 1 = false;
  bool in_body_ : 1 = false;
  bool has_next_ : 1 = false;
  bool next_compressed_ : 1 = false;
  bool scarce_ : 1 = false;
  bool read_at_once_ : 1 = false;
  bool dropped_ : 1 = false;
  bool failed_ : 1 = false;  // the error is in Rest
};
static_assert(sizeof(Deframer) <= 48, "every call has one for each direction that it reads");

}  // namespace weft::rpc
