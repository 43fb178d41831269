#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

namespace weft::messaging::stored {

/// Which records of a topic a group is done with: all before a position, and some behind it, since
/// events of different keys are handled beside each other. And how often the others were tried.
class Settled {
 public:
  explicit Settled(std::uint64_t position = 0) noexcept : position_(position) {}

  /// The first record that is not settled.
  std::uint64_t position() const noexcept { return position_; }
  /// One more than the last that is settled.
  std::uint64_t end() const noexcept {
    return ranges_.empty() ? position_ : ranges_.rbegin()->second;
  }
  bool contains(std::uint64_t offset) const noexcept;
  void add(std::uint64_t offset) { add_range(offset, offset + 1); }
  void add_range(std::uint64_t begin, std::uint64_t end);
  /// All before `position` is settled.
  void advance(std::uint64_t position) { add_range(position_, position); }

  /// Ranges behind the position: begin and end. They do not touch.
  const std::map<std::uint64_t, std::uint64_t>& ranges() const noexcept { return ranges_; }

  /// How often a record that is not settled was tried.
  std::uint32_t tries(std::uint64_t offset) const noexcept;
  void set_tries(std::uint64_t offset, std::uint32_t tries) { tries_[offset] = tries; }
  const std::map<std::uint64_t, std::uint32_t>& all_tries() const noexcept { return tries_; }

  friend bool operator==(const Settled&, const Settled&) = default;

 private:
  std::uint64_t position_;
  std::map<std::uint64_t, std::uint64_t> ranges_;
  std::map<std::uint64_t, std::uint32_t> tries_;
};

}  // namespace weft::messaging::stored
