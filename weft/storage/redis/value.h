#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/base/result.h"
#include "weft/storage/redis/protocol/node.h"

namespace weft::redis {

/// How a value becomes a T: weft/storage/redis/reading.h. Specialise it for a type of your own.
template <class T>
struct Reading;

/// A value of a reply, or an element of one. Points into the Value, which has to live and stay
/// where it is meanwhile.
class ValueView {
 public:
  ValueView(const Node* node, const char* text) noexcept : node_(node), text_(text) {}

  Type type() const noexcept { return node_->type; }
  bool is_null() const noexcept { return node_->type == Type::Null; }
  /// Of Text, BigNumber and Error; empty of others.
  std::string_view text() const noexcept {
    return has_text(node_->type) ? std::string_view(text_ + node_->offset, node_->size)
                                 : std::string_view();
  }
  /// Of Integer and Bool; 0 of others.
  std::int64_t integer() const noexcept {
    return type() == Type::Integer || type() == Type::Bool ? node_->integer : 0;
  }
  /// Of Double; 0 of others.
  double real() const noexcept { return type() == Type::Double ? node_->real : 0; }
  /// Elements of an aggregate: a map has two for each entry; 0 of others.
  std::size_t size() const noexcept { return is_aggregate(node_->type) ? node_->size : 0; }

  class Iterator {
   public:
    using value_type = ValueView;
    using difference_type = std::ptrdiff_t;
    Iterator() noexcept = default;
    Iterator(const Node* node, const char* text) noexcept : node_(node), text_(text) {}
    ValueView operator*() const noexcept { return ValueView(node_, text_); }
    Iterator& operator++() noexcept {
      node_ += node_->span;
      return *this;
    }
    Iterator operator++(int) noexcept {
      Iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) noexcept {
      return a.node_ == b.node_;
    }

   private:
    const Node* node_ = nullptr;
    const char* text_ = nullptr;
  };
  Iterator begin() const noexcept { return {node_ + 1, text_}; }
  Iterator end() const noexcept {
    return {is_aggregate(node_->type) ? node_ + node_->span : node_ + 1, text_};
  }
  /// The element at `index`, which is less than size(). Walks over those before it.
  ValueView operator[](std::size_t index) const noexcept {
    Iterator at = begin();
    while (index-- != 0) ++at;
    return *at;
  }

  /// INTERNAL naming both types where it is no T; nothing is cut. An Error gives its Status.
  template <class T>
  Result<T> as() const {
    T into{};
    Status status = Reading<T>::read(*this, into);
    if (!status.ok()) return status;
    return into;
  }

 private:
  const Node* node_;
  const char* text_;
};

/// A reply of a Redis server, which owns all that is in it: at most two blocks of memory, however
/// many elements it has, and none for a number or a short text.
class Value {
 public:
  /// Null.
  Value() noexcept = default;
  /// One that is no aggregate.
  Value(const Node& node, std::string text) noexcept : root_(node), text_(std::move(text)) {}
  /// `nodes` begin with that of the aggregate.
  Value(std::vector<Node> nodes, std::string text) noexcept
      : root_(nodes.front()), text_(std::move(text)), nodes_(std::move(nodes)) {}

  ValueView view() const& noexcept {
    return ValueView(nodes_.empty() ? &root_ : nodes_.data(), text_.data());
  }
  ValueView view() const&& = delete;

  Type type() const noexcept { return root_.type; }
  bool is_null() const noexcept { return type() == Type::Null; }
  std::string_view text() const noexcept { return view().text(); }
  std::int64_t integer() const noexcept { return view().integer(); }
  double real() const noexcept { return view().real(); }
  std::size_t size() const noexcept { return view().size(); }
  ValueView::Iterator begin() const& noexcept { return view().begin(); }
  ValueView::Iterator end() const& noexcept { return view().end(); }
  ValueView operator[](std::size_t index) const& noexcept { return view()[index]; }

  /// As ValueView::as(). What refers to the text (std::string_view) lives as long as the Value.
  template <class T>
  Result<T> as() const {
    return view().as<T>();
  }

 private:
  Node root_;
  std::string text_;
  std::vector<Node> nodes_;
};

/// For tests and logs: `["a", 1, null]`, `{"a": 1}`; long texts are cut.
std::ostream& operator<<(std::ostream& out, const ValueView& value);
std::ostream& operator<<(std::ostream& out, const Value& value);

/// "an array of 3", "null", "text": for messages.
std::string description_of(const ValueView& value);

}  // namespace weft::redis
