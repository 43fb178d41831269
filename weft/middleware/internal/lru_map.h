#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "weft/base/intrusive_list.h"

namespace weft::middleware {

/// Values by name, at most so many: for one more, the one that was not asked for longest goes. What
/// keys come from is as a rule in the hands of peers, so no policy keeps them without a bound. Not
/// thread-safe.
template <class V>
class LruMap {
 public:
  explicit LruMap(std::size_t capacity) : capacity_(capacity) {}

  /// Null where there is none.
  V* find(std::string_view key) {
    const auto at = nodes_.find(key);
    return at == nodes_.end() ? nullptr : &touch(*at->second);
  }
  /// Made of `arguments` where there is none. The reference holds until the next call for another
  /// key.
  template <class... Args>
  V& get(std::string_view key, Args&&... arguments) {
    if (V* found = find(key)) [[likely]]
      return *found;
    if (nodes_.size() >= capacity_) drop_oldest();
    auto node = std::make_unique<Node>(key, std::forward<Args>(arguments)...);
    Node& added = *node;
    nodes_.emplace(std::string_view(added.key), std::move(node));
    order_.push_back(added);
    return added.value;
  }
  void erase(std::string_view key) {
    const auto at = nodes_.find(key);
    if (at != nodes_.end()) nodes_.erase(at);
  }
  void clear() { nodes_.clear(); }
  /// Null when empty.
  V* oldest() { return order_.empty() ? nullptr : &order_.front().value; }
  void drop_oldest() {
    if (!order_.empty()) nodes_.erase(nodes_.find(order_.front().key));
  }
  std::size_t size() const noexcept { return nodes_.size(); }

 private:
  struct Node : ListNode {
    template <class... Args>
    explicit Node(std::string_view name, Args&&... arguments)
        : key(name), value(std::forward<Args>(arguments)...) {}
    const std::string key;
    V value;
  };
  V& touch(Node& node) {
    node.unlink();
    order_.push_back(node);
    return node.value;
  }

  std::size_t capacity_;
  // The views are of the nodes' own keys. Ordered and not hashed: with keys whose hashes are the
  // same, a peer would make each look-up go through all of them.
  std::map<std::string_view, std::unique_ptr<Node>> nodes_;
  IntrusiveList<Node> order_;  // the one used last is at the end
};

}  // namespace weft::middleware
