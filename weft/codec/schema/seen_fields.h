#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_set>
#include <vector>

#include "weft/codec/schema/message_table.h"

namespace weft::codec {

/// Which fields and oneofs a message has had so far, while it is read. Messages with many fields
/// keep their bits in `stack`, which all messages of one reader share; they end in reverse order.
class SeenFields {
 public:
  using Stack = std::vector<std::uint64_t>;

  SeenFields(Stack& stack, const MessageTable& table)
      : stack_(stack), begin_(stack.size()), fields_(table.size()) {
    const std::size_t bits = table.size() + static_cast<std::size_t>(table.oneofs());
    many_ = bits > 64;
    if (many_) stack_.resize(begin_ + (bits + 63) / 64);
  }
  ~SeenFields() {
    if (many_) stack_.resize(begin_);
  }
  SeenFields(const SeenFields&) = delete;
  SeenFields& operator=(const SeenFields&) = delete;

  /// False where the field, or extension, was there before.
  bool add_field(const FieldTable& field) {
    return field.extension ? add_extension(field) : add(field.index);
  }
  /// The same of the oneof of `field`, which is in one.
  bool add_oneof(const FieldTable& field) noexcept {
    return add(fields_ + static_cast<std::uint32_t>(field.oneof));
  }

 private:
  // A message type has as many extensions as there are .proto files that extend it, so they have no
  // bits.
  bool add_extension(const FieldTable& field) {
    if (extensions_ == nullptr) extensions_ = std::make_unique<Extensions>();
    return extensions_->insert(&field).second;
  }
  bool add(std::uint32_t index) noexcept {
    std::uint64_t& word = many_ ? stack_[begin_ + index / 64] : few_;
    const std::uint64_t bit = std::uint64_t{1} << index % 64;
    const bool is_new = (word & bit) == 0;
    word |= bit;
    return is_new;
  }

  using Extensions = std::unordered_set<const FieldTable*>;

  Stack& stack_;
  std::size_t begin_;
  std::uint32_t fields_;
  bool many_ = false;  // fields, whose bits are in stack_
  std::uint64_t few_ = 0;
  std::unique_ptr<Extensions> extensions_;  // null: none so far
};

}  // namespace weft::codec
