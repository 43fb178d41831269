#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "weft/codec/message.h"
#include "weft/registry/server/internal/record.h"

namespace weft::registry {

/// Serialized messages that are put together of parts that are serialized already: an instance is
/// not parsed each time it is told. Appends protobuf's fields to a text.
class WireText {
 public:
  /// What is in `text`, and fields behind it.
  explicit WireText(std::string text = {}) : text_(std::move(text)) {}

  /// Zero is left out, as proto3 does.
  void number(int field, std::uint64_t value);
  /// A text, bytes, or a message.
  void bytes(int field, std::string_view value);
  /// A v1::Entry.
  void entry(int field, const Record& record, std::uint32_t remaining_ms = 0);

  std::size_t size() const noexcept { return text_.size(); }
  std::string_view view() const noexcept { return text_; }
  /// Borrows the text for one write.
  Message message() const;

 private:
  void varint(std::uint64_t value);
  std::string text_;
};

}  // namespace weft::registry
