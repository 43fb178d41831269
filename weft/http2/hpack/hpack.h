#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>

#include "weft/http2/hpack/header.h"

namespace weft::http2 {

/// HPACK (RFC 7541), both directions. One Encoder and one Decoder per connection; not thread-safe.

/// Turns header blocks into lists of fields. What a peer can make it hold is bounded by the limits
/// and by the size of a block; once a block was malformed every later decode() fails.
class HpackDecoder {
 public:
  enum class Outcome : std::uint8_t {
    Ok,
    ListTooLarge,      ///< decoded to its end, the table is right, but the list exceeded the limit
    CompressionError,  ///< the block is malformed: a connection error COMPRESSION_ERROR
  };
  struct Limits {
    std::size_t table_size = 4096;      ///< SETTINGS_HEADER_TABLE_SIZE that we advertised
    std::size_t list_size = 16 * 1024;  ///< SETTINGS_MAX_HEADER_LIST_SIZE that we advertised
  };
  /// A table size below RFC 9113's initial 4096 is not enforced before set_max_table_size(), as the
  /// peer may use 4096 until it has seen our SETTINGS.
  explicit HpackDecoder(Limits limits);
  HpackDecoder(const HpackDecoder&) = delete;
  HpackDecoder& operator=(const HpackDecoder&) = delete;
  ~HpackDecoder();

  /// Decodes one whole header block. `fields()` then holds the list, in order, with tokens set. On
  /// a warm connection (fields known to the table) nothing is allocated.
  Outcome decode(std::span<const std::uint8_t> block) { return decode(block, {}, 0); }
  /// Decodes the rest of a block whose beginning is known to mean `known`, of `known_size` bytes as
  /// SETTINGS_MAX_HEADER_LIST_SIZE counts them, and to leave the table as it is. fields() begins
  /// with these.
  Outcome decode(std::span<const std::uint8_t> rest, HeaderFields known, std::size_t known_size);

  /// The peer has acknowledged SETTINGS with this SETTINGS_HEADER_TABLE_SIZE. Lowered below the
  /// size in use, the next block must begin with a table size update (RFC 7541 section 4.2).
  void set_max_table_size(std::size_t size) noexcept;

  /// Valid until the next decode(), whatever the block evicted from the table.
  /// Empty unless decode() returned Ok.
  HeaderFields fields() const noexcept;
  /// Gives back the memory of the last list, which is no longer valid.
  void forget_fields() noexcept;
  /// Counts what has happened to the dynamic table: while it stands still, the same bytes mean the
  /// same fields.
  std::uint32_t table_changes() const noexcept;
  /// What was wrong, for the GOAWAY's debug data; static text.
  const char* error() const noexcept;
  /// The dynamic table's size as RFC 7541 section 4.1 counts it.
  std::size_t table_bytes() const noexcept;
  /// Bytes of memory: the table's, the last list's fields, and their literals.
  std::size_t memory() const noexcept;

 private:
  struct State;
  State& state();
  Limits limits_;                 // until there is a state
  std::unique_ptr<State> state_;  // made for the first block: idle connections have none
};

/// What a list of fields that never changes was encoded to last, on one connection.
class FixedBlock {
 public:
  static constexpr std::size_t kLongest = 11;
  std::size_t size() const noexcept { return size_; }
  /// Writes kLongest bytes, since a copy of a size known beforehand is two instructions; size() of
  /// them count. Only where HpackEncoder::is_current().
  void copy_to(std::uint8_t* out) const noexcept { std::memcpy(out, bytes_, kLongest); }

 private:
  friend class HpackEncoder;
  std::uint8_t bytes_[kLongest] = {};
  std::uint8_t size_ = 0;  // none yet
  std::uint32_t version_ = 0;
};

/// Turns lists of fields into header blocks, to be sent in the order in which they were encoded.
class HpackEncoder {
 public:
  HpackEncoder();
  HpackEncoder(const HpackEncoder&) = delete;
  HpackEncoder& operator=(const HpackEncoder&) = delete;
  ~HpackEncoder();

  /// The peer's SETTINGS_HEADER_TABLE_SIZE (RFC 7541 section 4.2); takes effect with the next
  /// block, capped at 4096 bytes of our own.
  void set_max_table_size(std::size_t size) noexcept;

  /// An upper bound of what encode() writes for these fields.
  std::size_t bound(HeaderFields fields) const noexcept;
  /// Writes the block to `out` (at least bound(fields) bytes) and returns its end. Names must be
  /// lower case, tokens token_of(name) or Other. What is entered into the dynamic table: fields
  /// that tend to repeat (see hpack_encoder.cc).
  std::uint8_t* encode(HeaderFields fields, std::uint8_t* out);
  /// As encode(), for a list that is the same each time; what it came to is kept in `block`.
  std::uint8_t* encode_fixed(HeaderFields fields, FixedBlock& block, std::uint8_t* out);
  /// Whether the block is what encode_fixed() would write.
  bool is_current(const FixedBlock& block) const noexcept {
    return block.size_ != 0 && block.version_ == version_;
  }

 private:
  struct State;
  State& state();
  std::unique_ptr<State> state_;  // made for the first block
  // What FixedBlocks go by: changes when the table does, or is to.
  std::uint32_t version_ = 0;
};

}  // namespace weft::http2
