#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/base/bytes.h"

namespace weft {

/// How an object turns into bytes, for a type of message that this layer knows nothing about.
struct MessageOps {
  /// Number of bytes write() will write; called once, right before.
  std::size_t (*size)(const void* object);
  /// Writes exactly that many bytes.
  void (*write)(const void* object, std::size_t size, char* out);
  /// Appends `head` and the same bytes as blocks of moderate size, and of large fields perhaps what
  /// the object itself has, lent (Bytes::lent); null where an object cannot.
  void (*write_pieces)(const void* object, std::size_t size, std::string_view head,
                       std::vector<Bytes>& pieces) = nullptr;
  /// An object that takes more bytes cannot be written: the functions above are not called then,
  /// but for size().
  std::size_t largest = SIZE_MAX;
};

/// A message on its way: bytes, or a borrowed object that writes itself where the bytes are wanted
/// (usually directly behind a frame header). Borrowing is for the time of one write or read: what
/// is kept longer is kept as to_bytes() or owned().
class Message {
 public:
  Message() noexcept = default;
  explicit Message(Bytes bytes) noexcept : size_(bytes.size()), bytes_(std::move(bytes)) {}
  /// Bytes that arrived in pieces, one after another.
  explicit Message(std::vector<Bytes> pieces);
  /// `object` and `ops` must outlive the write that this message is made for.
  Message(const void* object, const MessageOps& ops)
      : object_(object), ops_(&ops), size_(ops.size(object)) {}

  std::size_t size() const noexcept { return size_; }
  /// False for an object that is larger than its kind can be written (MessageOps::largest): then
  /// only size() may be asked, and owned(), whose result is no more writable.
  bool writable() const noexcept { return ops_ == nullptr || size_ <= ops_->largest; }
  /// Nobody's object is borrowed.
  bool is_bytes() const noexcept { return object_ == nullptr; }
  /// Only when is_bytes(). Of a message in pieces these are joined the first time.
  const Bytes& bytes() const {
    if (pieces_ != nullptr) [[unlikely]]
      join();
    return bytes_;
  }
  /// The same without joining; only when is_bytes().
  std::span<const Bytes> pieces() const noexcept {
    return pieces_ == nullptr ? std::span(&bytes_, 1) : std::span<const Bytes>(*pieces_);
  }

  /// Writes size() bytes.
  void write_to(char* out) const {
    if (object_ != nullptr) {
      ops_->write(object_, size_, out);
    } else if (size_ != 0) {
      for (const Bytes& piece : pieces()) {
        std::memcpy(out, piece.data(), piece.size());
        out += piece.size();
      }
    }
  }
  /// The message's bytes: shared where it has them, else written now.
  Bytes to_bytes() const {
    if (is_bytes()) return bytes();
    ChunkRef chunk(Chunk::allocate(size_));
    write_to(chunk->data());
    const char* data = chunk->data();
    return Bytes(std::move(chunk), data, size_);
  }

  /// `head`, which is short, and the message, as bytes to be sent; at least one piece. A large
  /// object is written to blocks of moderate size, which are used again and again; its large fields
  /// may be lent, so what is kept longer than the object is copied.
  std::vector<Bytes> to_pieces(std::string_view head) const;

  /// An object is borrowed, or a small part of a much larger block.
  bool borrows() const noexcept { return !is_bytes() || bytes_.pins_much(); }
  /// The same message, borrowing nothing.
  Message owned() const {
    if (!borrows()) return *this;
    if (!writable()) [[unlikely]]
      return unwritable();
    Message copy(is_bytes() ? Bytes::copy_of(bytes_.view()) : to_bytes());
    copy.last_ = last_;
    copy.uncompressed_ = uncompressed_;
    copy.arrived_compressed_ = arrived_compressed_;
    return copy;
  }

  /// This is known to be the last message of its direction, so its end can travel in the same
  /// frame.
  bool last() const noexcept { return last_; }
  void set_last() noexcept { last_ = true; }
  Message&& mark_last() && noexcept {
    last_ = true;
    return std::move(*this);
  }
  /// Leave this message uncompressed although the call has a compression set.
  bool uncompressed() const noexcept { return uncompressed_; }
  void set_uncompressed(bool uncompressed) noexcept { uncompressed_ = uncompressed; }
  /// It was received, and compressed on the wire; here it no longer is.
  bool arrived_compressed() const noexcept { return arrived_compressed_; }
  void set_arrived_compressed(bool compressed) noexcept { arrived_compressed_ = compressed; }

 private:
  void join() const;
  Message unwritable() const;

  const void* object_ = nullptr;
  const MessageOps* ops_ = nullptr;
  std::size_t size_ = 0;
  mutable Bytes bytes_;
  mutable std::shared_ptr<const std::vector<Bytes>> pieces_;  // null: it is all in bytes_
  bool last_ = false;
  bool uncompressed_ = false;
  bool arrived_compressed_ = false;
};

}  // namespace weft
