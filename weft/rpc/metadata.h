#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/status.h"

namespace weft {

/// Pairs of name and value that go before (initial) or after (trailing) the messages of a call; an
/// ordered multimap. Names are lower case; a value of a name that ends in `-bin` is raw bytes here
/// and base64 on the wire. All text lies in one buffer, so that a warm call allocates nothing.
class Metadata {
 public:
  struct Entry {
    std::string_view name;
    std::string_view value;
  };

  /// Adds a pair; the name is lower-cased. Views given out before become invalid.
  /// Nothing is checked here: see validate().
  void add(std::string_view name, std::string_view value);
  /// Removes every pair of that name; returns how many.
  std::size_t remove(std::string_view name);
  void clear() noexcept;

  /// The first value of that name. Names are compared as lower case.
  std::optional<std::string_view> get(std::string_view name) const noexcept;
  std::vector<std::string_view> get_all(std::string_view name) const;

  bool empty() const noexcept { return spans_.empty(); }
  std::size_t size() const noexcept { return spans_.size(); }
  Entry operator[](std::size_t index) const noexcept;

  /// Sum of lengths, plus 32 per entry (RFC 9113 section 10.5.1).
  std::size_t wire_size() const noexcept { return text_.size() + 32 * spans_.size(); }

  /// Bytes of memory beside the object's own.
  std::size_t memory() const noexcept {
    return text_.capacity() + spans_.capacity() * sizeof(Span);
  }

  /// Whether an application may send this: names of [0-9a-z_.-], not reserved ("grpc-" and what
  /// HTTP/2 and gRPC themselves use), ASCII values printable. INVALID_ARGUMENT naming the entry and
  /// the rule. Spaces at the ends of an ASCII value are allowed but not sent: RFC 9113
  /// section 8.2.1 forbids them and peers strip them.
  Status validate() const;

  class Iterator {
   public:
    using value_type = Entry;
    using difference_type = std::ptrdiff_t;
    Iterator() noexcept = default;
    Iterator(const Metadata* metadata, std::size_t index) noexcept
        : metadata_(metadata), index_(index) {}
    Entry operator*() const noexcept { return (*metadata_)[index_]; }
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
  Iterator end() const noexcept { return {this, spans_.size()}; }

 private:
  struct Span {
    std::uint32_t offset;
    std::uint32_t name_size;
    std::uint32_t value_size;
  };
  std::string text_;
  std::vector<Span> spans_;
};

}  // namespace weft
