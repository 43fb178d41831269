#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weft/http2/hpack/header.h"
#include "weft/http2/hpack/internal/header_rules.h"
#include "weft/http2/session/session.h"

namespace weft::http2::internal {

/// The section of a message whose rules a known block has been found to keep.
enum class Section : std::uint8_t { Unchecked, Request, Response, Trailers };

/// A header block that the peer sends again and again, byte for byte, or what many blocks begin
/// with, and what it stands for. Its strings are its own.
struct KnownBlock {
  std::uint64_t hash = 0;
  std::string bytes;
  std::vector<HeaderField> fields;
  std::string text;
  std::size_t list_size = 0;  // as SETTINGS_MAX_HEADER_LIST_SIZE counts it
  Section section = Section::Unchecked;
  MessageHead head;  // of that section; its views are empty
  std::unique_ptr<HeaderMemo> memo;

  HeaderFields view() const noexcept { return fields; }
  std::size_t memory() const noexcept {
    return sizeof(*this) + bytes.capacity() + fields.capacity() * sizeof(HeaderField) +
           text.capacity();
  }
};

/// Remembers what header blocks of a connection have in common, so that it need be neither decoded
/// nor checked each time: whole blocks, and beginnings of those that end in what is of one call
/// only (a deadline, a trace, a request's id). Both are remembered the second time they are seen;
/// only those that left the dynamic table as it was are, and all are forgotten when that table
/// changes, since the same bytes may then mean something else.
class KnownBlocks {
 public:
  /// Blocks and lists larger than this are decoded each time.
  static constexpr std::size_t kLongestBlock = 2048;
  static constexpr std::size_t kLongestList = 4096;

  /// Beginnings of fewer fields are not worth it.
  static constexpr std::size_t kFewestFields = 4;

  /// The block, if it is one of those that came last.
  KnownBlock* find_recent(std::span<const std::uint8_t> block) noexcept {
    KnownBlock* const last = recent(block);
    return last != nullptr && last->bytes == text_of(block) ? last : nullptr;
  }
  /// The block, if it is known; otherwise null, and `hash` is what learn() wants.
  KnownBlock* find(std::span<const std::uint8_t> block, std::uint64_t& hash) noexcept;
  /// The longest that is known of what `block`, which is not, may begin with, or null.
  KnownBlock* find_beginning(std::span<const std::uint8_t> block) noexcept;
  /// Has seen `block`, which is not known and decodes to `fields` without changing the table;
  /// `beginning` is what find_beginning() has found. Not null when it is known from now on.
  KnownBlock* learn(std::span<const std::uint8_t> block, std::uint64_t hash, HeaderFields fields,
                    const KnownBlock* beginning);
  /// The dynamic table has changed. `used`, if it is not null, stays until the next time.
  void forget(KnownBlock* used = nullptr) noexcept;
  std::size_t memory() const noexcept { return memory_ + last_.capacity(); }

 private:
  static constexpr std::size_t kSlots = 8;
  struct Slot {
    std::unique_ptr<KnownBlock> block;
    std::uint64_t seen = 0;  // the hash of the last block for this place that is not known
  };
  using Slots = std::array<Slot, kSlots>;
  KnownBlock* learn(std::span<const std::uint8_t> block, std::uint64_t hash, HeaderFields fields,
                    Slots& slots);
  void learn_beginning(std::span<const std::uint8_t> block, HeaderFields fields);
  static std::string_view text_of(std::span<const std::uint8_t> block) noexcept {
    return {reinterpret_cast<const char*>(block.data()), block.size()};
  }
  static std::uint64_t hash_of(std::span<const std::uint8_t> block) noexcept;

  KnownBlock*& recent(std::span<const std::uint8_t> block) noexcept {
    return recent_[block.size() % recent_.size()];
  }

  // Found last of their sizes. What comes again does so in turn, a response's headers and trailers
  // say, and is of different sizes as a rule.
  std::array<KnownBlock*, 4> recent_ = {};
  std::uint64_t first_ = 0;                // the hash of the first block, or 0
  std::unique_ptr<Slots> slots_;           // made for the second block
  std::unique_ptr<Slots> beginnings_;      // made for the first
  std::string last_;                       // the last block that was not known
  std::unique_ptr<KnownBlock> forgotten_;  // a beginning that may be in use
  std::size_t memory_ = 0;
};

}  // namespace weft::http2::internal
