#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace weft::middleware {

/// One T for every method, made when the method is first called and kept as long as the table.
/// Thread-safe without locks. A server decides which methods a client calls, but not on a client;
/// still there is a limit, beyond which methods share one T.
template <class T>
class MethodTable {
 public:
  MethodTable() = default;
  MethodTable(const MethodTable&) = delete;
  MethodTable& operator=(const MethodTable&) = delete;
  ~MethodTable() {
    for (std::atomic<Node*>& head : heads_) {
      const Node* node = head.load(std::memory_order_relaxed);
      while (node != nullptr) {
        const std::unique_ptr<const Node> owned(node);
        node = owned->next;
      }
    }
  }

  T& of(std::string_view path) {
    std::atomic<Node*>& head = heads_[std::hash<std::string_view>()(path) % kHeads];
    Node* first = head.load(std::memory_order_acquire);
    if (Node* known = find(first, nullptr, path); known != nullptr) return known->value;
    if (size_.load(std::memory_order_relaxed) >= kMostMethods) return overflow_;
    auto node = std::make_unique<Node>(path, first);
    while (!head.compare_exchange_weak(node->next, node.get(), std::memory_order_acq_rel)) {
      // Another thread was first; with the same method perhaps.
      if (Node* known = find(node->next, first, path); known != nullptr) return known->value;
      first = node->next;
    }
    size_.fetch_add(1, std::memory_order_relaxed);
    return node.release()->value;
  }

 private:
  static constexpr std::size_t kHeads = 64;
  static constexpr std::size_t kMostMethods = 1024;
  struct Node {
    Node(std::string_view method, Node* after) : path(method), next(after) {}
    const std::string path;
    T value;
    Node* next;
  };
  static Node* find(Node* from, const Node* end, std::string_view path) noexcept {
    for (Node* node = from; node != end; node = node->next) {
      if (node->path == path) return node;
    }
    return nullptr;
  }

  std::array<std::atomic<Node*>, kHeads> heads_{};
  std::atomic<std::size_t> size_{0};
  T overflow_;
};

}  // namespace weft::middleware
