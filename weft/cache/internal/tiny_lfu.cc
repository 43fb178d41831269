#include "weft/cache/internal/tiny_lfu.h"

#include <algorithm>
#include <utility>

namespace weft::cache::internal {
namespace {

// Of the paper and of Caffeine.
constexpr std::uint64_t kWindowPart = 100;       // 1 % of the weight
constexpr std::uint64_t kProtectedPerCent = 80;  // of the main part

std::uint64_t window_of(std::uint64_t most) noexcept {
  return std::max<std::uint64_t>(1, most / kWindowPart);
}

}  // namespace

TinyLfu::TinyLfu(std::uint64_t most, std::uint64_t entries)
    : window_most_(window_of(most)),
      main_most_(most - window_most_),
      protected_most_(main_most_ * kProtectedPerCent / 100),
      sketch_(entries) {}

std::uint64_t TinyLfu::weight() const noexcept {
  return queue(Part::Window).weight + main_weight();
}

void TinyLfu::push(Index index, Part part) {
  Node& node = nodes_[index];
  Queue& queue = this->queue(part);
  node.part = part;
  node.next = kNone;
  node.previous = std::exchange(queue.youngest, index);
  (node.previous == kNone ? queue.oldest : nodes_[node.previous].next) = index;
  queue.weight += node.weight;
}

void TinyLfu::unlink(Index index) {
  Node& node = nodes_[index];
  Queue& queue = this->queue(node.part);
  (node.previous == kNone ? queue.oldest : nodes_[node.previous].next) = node.next;
  (node.next == kNone ? queue.youngest : nodes_[node.next].previous) = node.previous;
  queue.weight -= node.weight;
  node.part = Part::None;
}

void TinyLfu::hit(Index index) {
  const Node& node = nodes_[index];
  sketch_.add(node.hash);
  // What is the youngest stays where it is.
  if (node.next == kNone && node.part != Part::Probation) return;
  if (node.part != Part::Probation) return move(index, node.part);
  if (node.weight > protected_most_) return move(index, Part::Probation);
  move(index, Part::Protected);
  limit_protected();
}

void TinyLfu::limit_protected() {
  while (queue(Part::Protected).weight > protected_most_) {
    move(queue(Part::Protected).oldest, Part::Probation);
  }
}

void TinyLfu::add(Index index, std::uint64_t hash, std::uint32_t weight,
                  std::vector<Index>& victims) {
  if (index >= nodes_.size()) nodes_.resize(std::size_t{index} + 1);
  nodes_[index] = Node{.hash = FrequencySketch::spread(hash), .weight = weight};
  sketch_.add(nodes_[index].hash);
  if (weight > std::max(window_most_, main_most_)) return victims.push_back(index);
  push(index, Part::Window);
  while (queue(Part::Window).weight > window_most_) {
    const Index candidate = queue(Part::Window).oldest;
    move(candidate, Part::Probation);
    evict(candidate, victims);
  }
}

/// Makes room for `candidate`, which is the youngest on probation, or has it go.
void TinyLfu::evict(Index candidate, std::vector<Index>& victims) {
  const std::uint32_t frequency = sketch_.count(nodes_[candidate].hash);
  while (main_weight() > main_most_) {
    Index victim = queue(Part::Probation).oldest;
    if (victim == candidate && queue(Part::Protected).oldest != kNone) {
      victim = queue(Part::Protected).oldest;
    }
    // Equals do not change places, so that a scan does not wash the cache out.
    if (victim != candidate && frequency <= sketch_.count(nodes_[victim].hash)) victim = candidate;
    unlink(victim);
    victims.push_back(victim);
    if (victim == candidate) return;
  }
}

void TinyLfu::remove(Index index) { unlink(index); }

}  // namespace weft::cache::internal
