#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "weft/http2/hpack/header.h"
#include "weft/http2/hpack/internal/header_rules.h"
#include "weft/http2/session/session.h"

namespace weft::http2::internal {

/// The section of a message whose rules a known block has been found to keep.
enum class Section : std::uint8_t { Unchecked, Request, Response, Trailers };

/// A header block that the peer sends again and again, byte for byte, and what it stands for. Its
/// strings are its own.
struct KnownBlock {
  std::uint64_t hash = 0;
  std::string bytes;
  std::vector<HeaderField> fields;
  std::string text;
  Section section = Section::Unchecked;
  MessageHead head;  // of that section; its views are empty
  std::unique_ptr<HeaderMemo> memo;

  HeaderFields view() const noexcept { return fields; }
  std::size_t memory() const noexcept {
    return sizeof(*this) + bytes.capacity() + fields.capacity() * sizeof(HeaderField) +
           text.capacity();
  }
};

/// Remembers header blocks that come often on a connection, so that they need be neither decoded
/// nor checked. A block is remembered the second time it is seen; only those that left the dynamic
/// table as it was are, and all are forgotten when that table changes, since the same bytes may
/// then mean something else.
class KnownBlocks {
 public:
  /// Blocks and lists larger than this are decoded each time.
  static constexpr std::size_t kLongestBlock = 512;
  static constexpr std::size_t kLongestList = 2048;

  /// The block, if it is known; otherwise null, and `hash` is what learn() wants.
  KnownBlock* find(std::span<const std::uint8_t> block, std::uint64_t& hash) noexcept;
  /// Has seen `block`, which is not known and decodes to `fields` without changing the table. Not
  /// null when it is known from now on.
  KnownBlock* learn(std::span<const std::uint8_t> block, std::uint64_t hash, HeaderFields fields);
  /// The dynamic table has changed.
  void forget() noexcept;
  std::size_t memory() const noexcept { return memory_; }

 private:
  static constexpr std::size_t kSlots = 8;
  struct Slot {
    std::unique_ptr<KnownBlock> block;
    std::uint64_t seen = 0;  // the hash of the last block for this place that is not known
  };
  static std::uint64_t hash_of(std::span<const std::uint8_t> block) noexcept;

  KnownBlock*& recent(std::span<const std::uint8_t> block) noexcept {
    return recent_[block.size() % recent_.size()];
  }

  // Found last of their sizes. What comes again does so in turn, a response's headers and trailers
  // say, and is of different sizes as a rule.
  std::array<KnownBlock*, 4> recent_ = {};
  std::uint64_t first_ = 0;                          // the hash of the first block, or 0
  std::unique_ptr<std::array<Slot, kSlots>> slots_;  // made for the second block
  std::size_t memory_ = 0;
};

}  // namespace weft::http2::internal
