#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "weft/base/bytes.h"
#include "weft/codec/message.h"

namespace weft::edge {

/// Content that is kept as it comes, until it is whole. Parts that are small beside the blocks
/// that they lie in are copied together.
class ContentPieces {
 public:
  void add(Bytes part);
  /// Of the content.
  std::size_t size() const noexcept { return size_; }
  /// Of what is kept.
  std::size_t memory() const noexcept {
    return kept_ + small_.capacity() + pieces_.capacity() * sizeof(Bytes);
  }
  /// All that was added.
  Message take();

 private:
  void seal();

  std::vector<Bytes> pieces_;
  std::string small_;  // behind the pieces
  std::size_t size_ = 0;
  std::size_t kept_ = 0;  // bytes of the pieces' blocks
};

}  // namespace weft::edge
