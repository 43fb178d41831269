#include "weft/codec/reused.h"

#include <array>
#include <thread>

#include <gtest/gtest.h>

namespace weft::codec {
namespace {

/// Counts the objects there are.
template <int>
struct Counted {
  static inline int alive = 0;
  Counted() { ++alive; }
  ~Counted() { --alive; }
};

TEST(Reused, GivesAnObjectThatWasUsedBefore) {
  using Object = Counted<0>;
  const Object* first = nullptr;
  {
    Reused<Object> used;
    used.note_parsed(64);
    first = &*used;
  }
  EXPECT_EQ(Object::alive, 1);
  const Reused<Object> again;
  EXPECT_EQ(&*again, first);
  const Reused<Object> another;
  EXPECT_NE(&*another, first);
}

TEST(Reused, KeepsNoObjectThatHeldALargeMessage) {
  using Object = Counted<1>;
  { Reused<Object>().note_parsed(4097); }
  EXPECT_EQ(Object::alive, 0);
  { Reused<Object>().note_parsed(4096); }
  EXPECT_EQ(Object::alive, 1);
}

TEST(Reused, KeepsAnObjectUntilItHasHeld64KiB) {
  using Object = Counted<2>;
  for (int i = 0; i < 63; ++i) {
    Reused<Object>().note_parsed(1024);
    ASSERT_EQ(Object::alive, 1);
  }
  { Reused<Object>().note_parsed(1024); }
  EXPECT_EQ(Object::alive, 0);
}

TEST(Reused, KeepsSixteenObjectsOfAType) {
  using Object = Counted<3>;
  { const std::array<Reused<Object>, 20> used; }
  EXPECT_EQ(Object::alive, 16);
}

TEST(Reused, FreesWhatAThreadKeptWhenTheThreadEnds) {
  using Object = Counted<4>;
  std::thread([] {
    { const std::array<Reused<Object>, 3> used; }
    EXPECT_EQ(Object::alive, 3);
  }).join();
  EXPECT_EQ(Object::alive, 0);
}

/// How many were destroyed by the function that was given for that.
int destroyed_elsewhere = 0;
void destroy(Counted<5>* object) {
  ++destroyed_elsewhere;
  delete object;
}

TEST(Reused, LeavesAdoptedAndReplacedObjectsToAFunction) {
  using Object = Counted<5>;
  auto* const adopted = new Object;
  {
    Reused<Object, &destroy> used;
    used.adopt(adopted);
    EXPECT_EQ(&*used, adopted);
    EXPECT_EQ(destroyed_elsewhere, 1);
  }
  EXPECT_EQ(destroyed_elsewhere, 2);
  EXPECT_EQ(Object::alive, 0);
}

}  // namespace
}  // namespace weft::codec
