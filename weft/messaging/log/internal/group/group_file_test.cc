#include "weft/messaging/log/internal/group/group_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/messaging/log/internal/test_disk.h"

namespace weft::messaging::stored {
namespace {

using ::testing::HasSubstr;

/// Different in position, ranges and tries for each number.
Settled numbered(std::uint64_t number) {
  Settled settled(number);
  for (std::uint64_t i = 0; i < number % 7; ++i) settled.add(number + 10 + 5 * i);
  settled.set_tries(number + 3, static_cast<std::uint32_t>(number));
  return settled;
}

TEST(GroupFile, GivesWhatWasStoredLast) {
  TestDisk disk(1);
  GroupFile file(disk, "groups", "billing");
  EXPECT_EQ(file.load().status().code(), StatusCode::NotFound);
  for (std::uint64_t number = 0; number < 10; ++number) {
    EXPECT_TRUE(file.store(numbered(number)).ok());
    EXPECT_EQ(*GroupFile(disk, "groups", "billing").load(), numbered(number));
  }
}

TEST(GroupFile, LosesNothingSafeAtAnyLossOfPower) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    bool reached_end = false;
    for (std::uint64_t stop = 1; !reached_end; ++stop) {
      SCOPED_TRACE("seed " + std::to_string(seed) + ", stop " + std::to_string(stop));
      TestDisk disk(seed * 1000 + stop);
      disk.stop_at(stop);
      std::uint64_t stored = 0;
      for (int round = 0; round < 2; ++round) {
        GroupFile file(disk, "groups", "billing");
        static_cast<void>(file.load());
        while (stored < 5U * (round + 1) && file.store(numbered(stored + 1)).ok()) ++stored;
      }
      reached_end = !disk.is_stopped();
      disk.restart();
      const Result<Settled> loaded = GroupFile(disk, "groups", "billing").load();
      if (stored == 0 && !loaded.ok()) {
        EXPECT_EQ(loaded.status().code(), StatusCode::NotFound);
        continue;
      }
      ASSERT_TRUE(loaded.ok()) << loaded.status();
      EXPECT_TRUE(*loaded == numbered(stored) || *loaded == numbered(stored + 1));
    }
  }
}

TEST(GroupFile, SaysThatBothAreDamaged) {
  TestDisk disk(1);
  GroupFile file(disk, "groups", "billing");
  EXPECT_TRUE(file.store(numbered(1)).ok());
  EXPECT_TRUE(file.store(numbered(2)).ok());
  disk.content("groups/billing.a")[20] ^= 1;
  EXPECT_EQ(*GroupFile(disk, "groups", "billing").load(), numbered(1));
  disk.content("groups/billing.b")[20] ^= 1;
  const Status status = GroupFile(disk, "groups", "billing").load().status();
  EXPECT_EQ(status.code(), StatusCode::DataLoss);
  EXPECT_THAT(status.message(), HasSubstr("groups/billing.a and .b"));
}

TEST(GroupFile, RefusesANewerVersion) {
  TestDisk disk(1);
  EXPECT_TRUE(GroupFile(disk, "groups", "billing").store(numbered(1)).ok());
  disk.content("groups/billing.b")[8] = 2;
  EXPECT_EQ(GroupFile(disk, "groups", "billing").load().status().code(),
            StatusCode::FailedPrecondition);
}

TEST(GroupFile, KeepsWhatWasStoredWhereTheDiskIsFull) {
  TestDisk disk(1);
  GroupFile file(disk, "groups", "billing");
  EXPECT_TRUE(file.store(numbered(1)).ok());
  disk.set_room(4);
  EXPECT_EQ(file.store(numbered(2)).code(), StatusCode::ResourceExhausted);
  EXPECT_EQ(*GroupFile(disk, "groups", "billing").load(), numbered(1));
  disk.set_room(UINT64_MAX);
  EXPECT_TRUE(file.store(numbered(3)).ok());
  EXPECT_EQ(*GroupFile(disk, "groups", "billing").load(), numbered(3));
}

}  // namespace
}  // namespace weft::messaging::stored
