#pragma once

#include <atomic>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace weft {

/// A block of memory shared by reference count; what sockets read into and messages point into.
///
/// Blocks of a power of two up to 256 KiB come from a free list of the thread, and a release on any
/// thread returns them to its own.
class Chunk {
 public:
  /// A block of at least `capacity` bytes with one reference, its data aligned to 16 bytes. Throws
  /// std::bad_alloc only.
  static Chunk* allocate(std::size_t capacity);
  /// The capacity of the smallest.
  static constexpr std::size_t kSmallest = 256 - 16;

  char* data() noexcept { return reinterpret_cast<char*>(this + 1); }
  std::size_t capacity() const noexcept { return capacity_; }
  /// True when no one else holds the block, so that its holder may write to it again.
  bool unique() const noexcept { return references_.load(std::memory_order_acquire) == 1; }

  void retain() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    // A sole holder needs no read-modify-write: no other holder can add a reference.
    if (unique() || references_.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy(this);
  }

 private:
  explicit Chunk(std::size_t capacity) noexcept : capacity_(capacity) {}
  static void destroy(Chunk* chunk) noexcept;

  std::atomic<std::uint32_t> references_{1};
  std::size_t capacity_;
};
static_assert(sizeof(Chunk) == 16);

/// Owns one reference to a Chunk.
class ChunkRef {
 public:
  ChunkRef() noexcept = default;
  /// Takes over the reference that `chunk` came with.
  explicit ChunkRef(Chunk* chunk) noexcept : chunk_(chunk) {}
  ChunkRef(const ChunkRef& other) noexcept : chunk_(other.chunk_) {
    if (chunk_ != nullptr) chunk_->retain();
  }
  ChunkRef(ChunkRef&& other) noexcept : chunk_(std::exchange(other.chunk_, nullptr)) {}
  ChunkRef& operator=(ChunkRef other) noexcept {
    std::swap(chunk_, other.chunk_);
    return *this;
  }
  ~ChunkRef() {
    if (chunk_ != nullptr) chunk_->release();
  }
  Chunk* get() const noexcept { return chunk_; }
  Chunk* operator->() const noexcept { return chunk_; }
  explicit operator bool() const noexcept { return chunk_ != nullptr; }

 private:
  Chunk* chunk_ = nullptr;
};

/// Large messages are sent from blocks of this size. Sockets read into blocks of the same size, so
/// both use one free list.
inline constexpr std::size_t kPieceBlock = std::size_t{64} * 1024 - 64;

/// An immutable slice of bytes that keeps alive the block it points into. Copying shares; a slice
/// may be passed between threads. A slice of static storage keeps nothing alive. Moved from, it is
/// empty.
class Bytes {
 public:
  Bytes() noexcept = default;
  Bytes(ChunkRef owner, const char* data, std::size_t size) noexcept
      : data_(data), size_(size), owner_(std::move(owner)) {}
  Bytes(const Bytes&) noexcept = default;
  Bytes& operator=(const Bytes&) noexcept = default;
  Bytes(Bytes&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        owner_(std::move(other.owner_)) {}
  Bytes& operator=(Bytes&& other) noexcept {
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
    owner_ = std::move(other.owner_);
    return *this;
  }
  ~Bytes() = default;
  /// A copy of `text` in a block of its own.
  static Bytes copy_of(std::string_view text);
  /// Refers to storage that outlives every use.
  static Bytes of_static(std::string_view text) noexcept {
    return Bytes(ChunkRef(), text.data(), text.size());
  }
  /// Refers to memory that its owner lends for a while: copy it to keep it longer.
  static Bytes lent(std::string_view text) noexcept { return of_static(text); }

  /// A copy of the pieces, one after another, in a block of its own.
  static Bytes joined(std::span<const Bytes> pieces);
  /// The sum of their sizes.
  static std::size_t total_size(std::span<const Bytes> pieces) noexcept {
    std::size_t sum = 0;
    for (const Bytes& piece : pieces) sum += piece.size();
    return sum;
  }

  const char* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  std::string_view view() const noexcept { return {data_, size_}; }
  std::string to_string() const { return std::string(view()); }

  /// The `size` bytes from `offset`, sharing the block. Both must lie within the slice.
  Bytes slice(std::size_t offset, std::size_t size) const {
    assert(offset <= size_ && size <= size_ - offset);
    return Bytes(owner_, data_ + offset, size);
  }
  void remove_prefix(std::size_t n) noexcept {
    assert(n <= size_);
    data_ += n;
    size_ -= n;
  }
  /// How much memory this slice keeps alive: the capacity of its block.
  std::size_t pinned() const noexcept { return owner_ ? owner_->capacity() : 0; }
  /// Where a slice of less than kSmall keeps alive a block of more than kPinFactor times its size,
  /// a copy is better to keep: what it keeps alive has to be accounted for, and the reader's block
  /// stays free to be read into again.
  static constexpr std::size_t kSmall = 2048;
  static constexpr std::size_t kPinFactor = 8;
  bool pins_much() const noexcept {
    // A copy could not have less than the smallest block.
    return size_ < kSmall && size_ * kPinFactor < pinned() && pinned() != Chunk::kSmallest;
  }
  /// It keeps its memory alive; false of what is lent or static.
  bool owns() const noexcept { return static_cast<bool>(owner_); }
  /// Both keep the same block alive, or none.
  bool shares_block_with(const Bytes& other) const noexcept {
    return owner_.get() == other.owner_.get();
  }

  friend bool operator==(const Bytes& a, const Bytes& b) noexcept { return a.view() == b.view(); }

 private:
  friend class BytesView;
  const char* data_ = nullptr;
  std::size_t size_ = 0;
  ChunkRef owner_;
};

/// A slice of Bytes whose owner keeps the block alive while the slice is used. Passing it on counts
/// no references, unlike Bytes; share() makes Bytes to keep.
class BytesView {
 public:
  BytesView() noexcept = default;
  BytesView(const Bytes& bytes) noexcept
      : data_(bytes.data_), size_(bytes.size_), owner_(bytes.owner_.get()) {}

  const char* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  std::string_view view() const noexcept { return {data_, size_}; }
  std::size_t pinned() const noexcept { return owner_ == nullptr ? 0 : owner_->capacity(); }

  BytesView first(std::size_t n) const noexcept {
    assert(n <= size_);
    BytesView part = *this;
    part.size_ = n;
    return part;
  }
  void remove_prefix(std::size_t n) noexcept {
    assert(n <= size_);
    data_ += n;
    size_ -= n;
  }
  /// The same bytes, keeping the block alive.
  Bytes share() const noexcept {
    if (owner_ != nullptr) owner_->retain();
    return Bytes(ChunkRef(owner_), data_, size_);
  }
  bool shares_block_with(const Bytes& bytes) const noexcept { return owner_ == bytes.owner_.get(); }

 private:
  const char* data_ = nullptr;
  std::size_t size_ = 0;
  Chunk* owner_ = nullptr;
};

/// Copies what was lent, one after another, into blocks of kPieceBlock.
class BlockCopies {
 public:
  /// Calls `take` with the copy of `text`, in as many pieces as there are blocks.
  template <class Take>
  void add(std::string_view text, Take take) {
    while (!text.empty()) {
      if (!block_ || used_ == block_->capacity()) {
        block_ = ChunkRef(Chunk::allocate(kPieceBlock));
        used_ = 0;
      }
      const std::size_t n = text.size() < room() ? text.size() : room();
      char* place = block_->data() + used_;
      std::memcpy(place, text.data(), n);
      used_ += n;
      text.remove_prefix(n);
      take(Bytes(block_, place, n));
    }
  }

 private:
  std::size_t room() const noexcept { return block_->capacity() - used_; }
  ChunkRef block_;
  std::size_t used_ = 0;
};

}  // namespace weft
