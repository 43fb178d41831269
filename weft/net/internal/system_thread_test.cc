#include "weft/net/internal/system_thread.h"

#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "weft/net/internal/test_threads.h"

namespace weft::net::internal {
namespace {

TEST(SystemThread, KnowsItsNumber) {
  EXPECT_EQ(this_thread().number, ::gettid());
  pid_t other = 0;
  std::thread([&] { other = this_thread().number; }).join();
  EXPECT_NE(other, this_thread().number);
}

TEST(SystemThread, OfNobodyHasNoCore) { EXPECT_EQ(SystemThread{}.core(), std::nullopt); }

TEST(SystemThread, WithoutItsNumberSetUpHasNoCore) {
  const volatile std::uint32_t registration_failed = static_cast<std::uint32_t>(-2);
  EXPECT_EQ((SystemThread{1, &registration_failed}.core()), std::nullopt);
}

TEST(CoreStay, IsOnThatCoreUntilItEnds) {
  SKIP_WITH_ONE_CORE();
  SKIP_WITHOUT_CORE_NUMBERS();
  std::thread([] {
    const SystemThread self = this_thread();
    const std::vector<std::uint32_t> before = cores_of(0);
    {
      CoreStay stay(self.number);
      for (const std::uint32_t core : before) {
        stay.keep_to(core);
        EXPECT_EQ(cores_of(0), std::vector{core});
        EXPECT_EQ(self.core(), core);
      }
      stay.keep_to(std::nullopt);
      EXPECT_EQ(cores_of(0), before);
      stay.keep_to(before.front());
    }
    EXPECT_EQ(cores_of(0), before);
  }).join();
}

TEST(CoreStay, OnACoreThatIsNotThereDoesNothing) {
  std::thread([] {
    const std::vector<std::uint32_t> before = cores_of(0);
    CoreStay stay(0);
    stay.keep_to(CPU_SETSIZE - 1);
    EXPECT_EQ(cores_of(0), before);
    stay.keep_to(std::nullopt);
    EXPECT_EQ(cores_of(0), before);
  }).join();
}

}  // namespace
}  // namespace weft::net::internal
