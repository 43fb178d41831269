#include "weft/base/intrusive_list.h"

#include <memory>
#include <vector>

#include <gtest/gtest.h>

namespace weft {
namespace {

struct Item : ListNode {
  explicit Item(int v) : value(v) {}
  int value;
};

std::vector<int> values_of(IntrusiveList<Item>& list) {
  std::vector<int> values;
  list.for_each([&](Item& item) { values.push_back(item.value); });
  return values;
}

TEST(IntrusiveList, KeepsTheOrderOfBothEnds) {
  Item one(1), two(2), three(3);
  IntrusiveList<Item> list;
  EXPECT_TRUE(list.empty());
  list.push_back(two);
  list.push_back(three);
  list.push_front(one);
  EXPECT_EQ(values_of(list), (std::vector{1, 2, 3}));
  EXPECT_EQ(list.front().value, 1);
}

TEST(IntrusiveList, PopsFromTheFrontUntilEmpty) {
  Item one(1), two(2);
  IntrusiveList<Item> list;
  list.push_back(one);
  list.push_back(two);
  EXPECT_EQ(list.pop_front(), &one);
  EXPECT_FALSE(one.linked());
  EXPECT_EQ(list.pop_front(), &two);
  EXPECT_EQ(list.pop_front(), nullptr);
}

TEST(IntrusiveList, ADestroyedItemLeavesTheList) {
  IntrusiveList<Item> list;
  Item one(1), three(3);
  list.push_back(one);
  {
    Item two(2);
    list.push_back(two);
    list.push_back(three);
  }
  EXPECT_EQ(values_of(list), (std::vector{1, 3}));
}

TEST(IntrusiveList, MayBeDestroyedBeforeItsItems) {
  Item one(1), two(2);
  {
    IntrusiveList<Item> list;
    list.push_back(one);
    list.push_back(two);
  }
  one.unlink();
  EXPECT_FALSE(one.linked());
  EXPECT_FALSE(two.linked());
}

TEST(IntrusiveList, AnItemMayUnlinkOrDestroyItselfWhileVisited) {
  IntrusiveList<Item> list;
  auto* one = new Item(1);
  Item two(2);
  list.push_back(*one);
  list.push_back(two);
  std::vector<int> seen;
  list.for_each([&](Item& item) {
    seen.push_back(item.value);
    if (&item == one) {
      delete one;
    } else {
      item.unlink();
    }
  });
  EXPECT_EQ(seen, (std::vector{1, 2}));
  EXPECT_TRUE(list.empty());
}

TEST(IntrusiveList, SplicesAtTheEndAndEmptiesTheOther) {
  Item one(1), two(2), three(3), four(4);
  IntrusiveList<Item> a, b, none;
  a.push_back(one);
  a.push_back(two);
  b.push_back(three);
  b.push_back(four);
  a.splice_back(b);
  a.splice_back(none);
  EXPECT_TRUE(b.empty());
  EXPECT_EQ(values_of(a), (std::vector{1, 2, 3, 4}));
  b.splice_back(a);
  EXPECT_TRUE(a.empty());
  EXPECT_EQ(values_of(b), (std::vector{1, 2, 3, 4}));
}

TEST(ListNode, UnlinkingTwiceDoesNothing) {
  Item one(1);
  one.unlink();
  one.unlink();
  EXPECT_FALSE(one.linked());
}

}  // namespace
}  // namespace weft
