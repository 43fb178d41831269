#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "weft/base/text/printable.h"

namespace weft::codec {

/// Where in a message a reader or a printer is, for its errors: "orders[3].price",
/// `by_name["x"].price`. A chain of parts, each on the stack of whoever is at work on it and so
/// without any memory of its own; the text is made when an error wants it.
class FieldPath {
 public:
  FieldPath() noexcept = default;
  /// A field of what `parent` is at. Both must outlive this.
  FieldPath(const FieldPath* parent, std::string_view name) noexcept
      : parent_(parent), text_(name), kind_(Kind::Field) {}

  /// From now on it is at this element of the field.
  void set_index(std::uint64_t index) noexcept {
    kind_ = Kind::Element;
    index_ = index;
  }
  /// From now on it is at this entry of the field, which is a map.
  void set_key(std::string_view key) noexcept {
    kind_ = Kind::Entry;
    key_ = key;
  }
  void set_name(std::string_view name) noexcept {
    kind_ = Kind::Field;
    text_ = name;
  }

  std::string text() const {
    std::string out;
    append_to(out);
    return out;
  }

 private:
  enum class Kind : std::uint8_t { Root, Field, Element, Entry };

  // As deep as messages lie in each other, which whoever makes paths bounds.
  void append_to(std::string& out) const {
    if (parent_ != nullptr) parent_->append_to(out);
    if (kind_ == Kind::Root) return;
    if (!out.empty() && !text_.empty()) out += '.';
    out += printable(text_);
    if (kind_ == Kind::Element) out += "[" + std::to_string(index_) + "]";
    if (kind_ == Kind::Entry) out += "[\"" + printable(key_.substr(0, kLongestKey)) + "\"]";
  }

  // Of a key that is shown.
  static constexpr std::size_t kLongestKey = 64;

  const FieldPath* parent_ = nullptr;
  std::string_view text_;
  std::string_view key_;
  std::uint64_t index_ = 0;
  Kind kind_ = Kind::Root;
};

}  // namespace weft::codec
