#include "weft/codec/message.h"

#include <algorithm>

namespace weft {

Message::Message(std::vector<Bytes> pieces)
    : size_(Bytes::total_size(pieces)),
      pieces_(std::make_shared<const std::vector<Bytes>>(std::move(pieces))) {}

void Message::join() const {
  bytes_ = Bytes::joined(*pieces_);
  pieces_.reset();
}

/// The size of an object and the limit that it exceeds; nothing is borrowed.
Message Message::unwritable() const {
  Message copy = *this;
  copy.object_ = nullptr;
  return copy;
}

std::vector<Bytes> Message::to_pieces(std::string_view head) const {
  std::vector<Bytes> out;
  if (is_bytes()) {
    out.reserve(1 + pieces().size());
    out.push_back(Bytes::copy_of(head));
    out.insert(out.end(), pieces().begin(), pieces().end());
  } else if (ops_->write_pieces != nullptr && size_ > kPieceBlock) {
    ops_->write_pieces(object_, size_, head, out);
  } else {
    ChunkRef chunk(Chunk::allocate(head.size() + size_));
    write_to(std::copy_n(head.data(), head.size(), chunk->data()));
    const char* data = chunk->data();
    out.emplace_back(std::move(chunk), data, head.size() + size_);
  }
  return out;
}

}  // namespace weft
