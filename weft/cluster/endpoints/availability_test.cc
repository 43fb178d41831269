#include "weft/cluster/endpoints/availability.h"

#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::cluster {
namespace {

using ::testing::ElementsAre;

constexpr MemberCondition kFit{.connected = true};
constexpr MemberCondition kSick{.connected = true, .healthy = false};
constexpr MemberCondition kEjected{.connected = true, .ejected = true};
constexpr MemberCondition kAway{.connected = false};

template <std::size_t N>
std::array<bool, N> decide(const std::array<MemberCondition, N>& members, double threshold,
                           bool panics) {
  std::array<bool, N> available{};
  EXPECT_EQ(decide_availability(members, threshold, available), panics);
  return available;
}

TEST(Availability, IsOfThoseThatAreConnectedHealthyAndNotEjected) {
  EXPECT_THAT(decide(std::array{kFit, kSick, kEjected, kAway}, 0, false),
              ElementsAre(true, false, false, false));
}

TEST(Availability, IsOfAllConnectedOnesInAPanic) {
  EXPECT_THAT(decide(std::array{kFit, kSick, kEjected, kAway}, 50, true),
              ElementsAre(true, true, true, false));
}

TEST(Availability, PanicsBelowTheThresholdNotAtIt) {
  EXPECT_THAT(decide(std::array{kFit, kFit, kSick, kEjected}, 50, false),
              ElementsAre(true, true, false, false));
  EXPECT_THAT(decide(std::array{kFit, kFit, kSick, kEjected}, 50.1, true),
              ElementsAre(true, true, true, true));
}

TEST(Availability, DoesNotPanicAboutThoseThatAreAway) {
  EXPECT_THAT(decide(std::array{kAway, kFit, kAway, kEjected}, 50, false),
              ElementsAre(false, true, false, false));
}

TEST(Availability, IsNobodysWhereNobodyIsConnected) {
  EXPECT_THAT(decide(std::array{kAway, kAway}, 50, false), ElementsAre(false, false));
  EXPECT_FALSE(decide_availability({}, 50, {}));
}

}  // namespace
}  // namespace weft::cluster
