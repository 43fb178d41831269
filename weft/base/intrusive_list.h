#pragma once

#include <cassert>

namespace weft {

/// A node of an IntrusiveList; unlinks itself when destroyed. Not thread-safe.
class ListNode {
 public:
  ListNode() noexcept = default;
  ListNode(const ListNode&) = delete;
  ListNode& operator=(const ListNode&) = delete;
  ~ListNode() { unlink(); }

  bool linked() const noexcept { return next_ != this; }
  void unlink() noexcept {
    next_->previous_ = previous_;
    previous_->next_ = next_;
    next_ = previous_ = this;
  }

 private:
  template <class T, class Node>
  friend class IntrusiveList;
  ListNode* next_ = this;
  ListNode* previous_ = this;
};

/// A doubly linked list of objects that derive from ListNode. It owns nothing: an object leaves the
/// list when it is unlinked or destroyed. The list may be destroyed before its objects. `Node`
/// names the base that links T into this kind of list, for a T that derives from several nodes.
template <class T, class Node = ListNode>
class IntrusiveList {
 public:
  bool empty() const noexcept { return !head_.linked(); }
  void push_back(T& item) noexcept { insert_before(head_, node_of(item)); }
  void push_front(T& item) noexcept { insert_before(*head_.next_, node_of(item)); }
  T& front() noexcept {
    assert(!empty());
    return item_of(*head_.next_);
  }
  /// The first item, unlinked; null when empty.
  T* pop_front() noexcept {
    if (empty()) return nullptr;
    T& item = front();
    node_of(item).unlink();
    return &item;
  }
  /// Moves every item of `other` to the end of this list.
  void splice_back(IntrusiveList& other) noexcept {
    if (other.empty()) return;
    ListNode& first = *other.head_.next_;
    ListNode& last = *other.head_.previous_;
    other.head_.next_ = other.head_.previous_ = &other.head_;
    first.previous_ = head_.previous_;
    head_.previous_->next_ = &first;
    last.next_ = &head_;
    head_.previous_ = &last;
  }
  /// Calls `function(item)` for each; it may unlink or destroy the item it is given, no other.
  template <class F>
  void for_each(F&& function) {
    for (ListNode* node = head_.next_; node != &head_;) {
      ListNode* next = node->next_;
      function(item_of(*node));
      node = next;
    }
  }

 private:
  static ListNode& node_of(T& item) noexcept { return static_cast<Node&>(item); }
  static T& item_of(ListNode& node) noexcept { return static_cast<T&>(static_cast<Node&>(node)); }
  static void insert_before(ListNode& position, ListNode& node) noexcept {
    assert(!node.linked());
    node.previous_ = position.previous_;
    node.next_ = &position;
    position.previous_->next_ = &node;
    position.previous_ = &node;
  }
  ListNode head_;
};

}  // namespace weft
