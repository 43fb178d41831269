#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/base/status.h"

namespace weft {
namespace http2 {
enum class Token : std::uint8_t;
struct HeaderField;
}  // namespace http2

/// Pairs of name and value that go before (initial) or after (trailing) the messages of a call; an
/// ordered multimap. Names are lower case; a value of a name that ends in `-bin` is raw bytes here
/// and base64 on the wire. All of it lies in one block from the thread's lists, so that a warm call
/// allocates nothing; there is none while it is empty, since every call has three of these.
class Metadata {
 public:
  struct Entry {
    std::string_view name;
    std::string_view value;
  };

  Metadata() noexcept = default;
  Metadata(const Metadata& other) : Metadata(other, 0) {}
  /// A copy with room for more, as reserve() has it.
  Metadata(const Metadata& other, std::size_t more);
  Metadata(Metadata&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  Metadata& operator=(Metadata other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~Metadata() {
    if (block_ != nullptr) release(block_);
  }

  /// Adds a pair; the name is lower-cased. Views given out before become invalid.
  /// Nothing is refused here: see validate().
  void add(std::string_view name, std::string_view value);
  /// Adds a field that a peer has sent, as HTTP/2 allows it, with its token; of one that ends in
  /// `-bin`, with its value decoded.
  void add_received(const http2::HeaderField& field);
  /// Removes every pair of that name; returns how many.
  std::size_t remove(std::string_view name);
  void clear() noexcept;
  /// Makes room for entries that take so many bytes, each kEntryMemory and its lengths.
  void reserve(std::size_t more);

  /// The first value of that name. Names are compared as lower case.
  std::optional<std::string_view> get(std::string_view name) const noexcept;
  std::vector<std::string_view> get_all(std::string_view name) const;

  bool empty() const noexcept { return size() == 0; }
  std::size_t size() const noexcept { return block_ == nullptr ? 0 : block_->count; }
  [[gnu::always_inline]] Entry operator[](std::size_t index) const noexcept {
    const Span& span = block_->span(index);
    const char* text = block_->text() + span.offset;
    return {.name = {text, span.name_size}, .value = {text + span.name_size, span.value_size}};
  }

  /// The token of a name (weft/http2/hpack/header.h).
  http2::Token token(std::size_t index) const noexcept { return block_->span(index).token; }
  /// Whether the value is written as it stands: it is not base64 on the wire and has no blanks at
  /// its ends.
  bool is_plain(std::size_t index) const noexcept {
    return (block_->span(index).marks & kPlain) != 0;
  }

  /// What HTTP/2 counts for an entry beside its text (RFC 9113 section 10.5.1).
  static constexpr std::size_t kEntryOverhead = 32;
  /// What an entry takes of memory beside its text.
  static constexpr std::size_t kEntryMemory = 16;
  /// Sum of lengths, plus kEntryOverhead per entry.
  std::size_t wire_size() const noexcept;

  /// Bytes of memory beside the object's own.
  std::size_t memory() const noexcept {
    return block_ == nullptr ? 0 : sizeof(Block) + block_->capacity;
  }

  /// Whether an application may send this: names of [0-9a-z_.-], not reserved ("grpc-" but for
  /// grpc-retry-pushback-ms and grpc-trace-bin, and what HTTP/2 and gRPC themselves use), ASCII
  /// values printable. INVALID_ARGUMENT naming the entry and
  /// the rule. Spaces at the ends of an ASCII value are allowed but not sent: RFC 9113
  /// section 8.2.1 forbids them and peers strip them.
  Status validate() const;
  /// Whether validate() has nothing against the name.
  static bool may_be_sent(std::string_view name);

  class Iterator {
   public:
    using value_type = Entry;
    using difference_type = std::ptrdiff_t;
    Iterator() noexcept = default;
    Iterator(const Metadata* metadata, std::size_t index) noexcept
        : metadata_(metadata), index_(index) {}
    [[gnu::always_inline]] Entry operator*() const noexcept { return (*metadata_)[index_]; }
    Iterator& operator++() noexcept {
      ++index_;
      return *this;
    }
    Iterator operator++(int) noexcept {
      Iterator copy = *this;
      ++index_;
      return copy;
    }
    friend bool operator==(const Iterator&, const Iterator&) noexcept = default;

   private:
    const Metadata* metadata_ = nullptr;
    std::size_t index_ = 0;
  };
  Iterator begin() const noexcept { return {this, 0}; }
  Iterator end() const noexcept { return {this, size()}; }

 private:
  /// What an entry was found to be when it was added.
  static constexpr std::uint8_t kPlain = 1;    // see is_plain()
  static constexpr std::uint8_t kAllowed = 2;  // validate() has nothing against it
  struct Span {
    std::uint32_t offset;
    std::uint32_t name_size;
    std::uint32_t value_size;
    http2::Token token;
    std::uint8_t marks;
  };
  static_assert(sizeof(Span) == kEntryMemory);
  /// What follows it: the text from the front on, and the spans from the end back.
  struct Block {
    std::uint32_t capacity;
    std::uint32_t text_size;
    std::uint32_t count;
    char* text() noexcept { return reinterpret_cast<char*>(this + 1); }
    Span& span(std::size_t index) noexcept {
      return *(reinterpret_cast<Span*>(text() + capacity) - 1 - index);
    }
  };
  /// Of the block, which there is.
  std::size_t used() const noexcept;
  static Block* make(std::size_t capacity);
  static void release(Block* block) noexcept;
  std::string_view text() const noexcept;
  static Block* copy(Block& block, std::size_t capacity);
  bool has_room(std::string_view name, std::string_view value) const noexcept;
  [[gnu::cold]] void add_to_larger(std::string_view name, std::string_view value);
  Span& append(std::string_view name, std::string_view value) noexcept;

  Block* block_ = nullptr;
};

}  // namespace weft
