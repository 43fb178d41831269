#include "weft/coro/frame/frame_pool.h"

#include <cstring>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "weft/base/sanitizer.h"

namespace weft::coro {
namespace {

TEST(FramePool, GivesUsableMemoryOfEverySize) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{64}, std::size_t{65},
                                 std::size_t{4096}, std::size_t{4097}, std::size_t{100'000}}) {
    void* frame = allocate_frame(size);
    ASSERT_NE(frame, nullptr);
    std::memset(frame, 1, size);
    release_frame(frame, size);
  }
}

TEST(FramePool, UsesAReleasedFrameAgain) {
  if (WEFT_ASAN) GTEST_SKIP() << "nothing is kept under AddressSanitizer";
  void* frame = allocate_frame(200);
  release_frame(frame, 200);
  void* again = allocate_frame(190);
  EXPECT_EQ(again, frame);
  release_frame(again, 190);
}

TEST(FramePool, KeepsABoundedNumberOfFrames) {
  std::vector<void*> frames;
  for (int i = 0; i < 6000; ++i) frames.push_back(allocate_frame(128));
  for (void* frame : frames) release_frame(frame, 128);
}

TEST(FramePool, TakesAFrameOfAnotherThread) {
  void* frame = nullptr;
  std::thread([&] { frame = allocate_frame(300); }).join();
  release_frame(frame, 300);
}

struct LateFrame {
  void* frame = nullptr;
  ~LateFrame() {
    release_frame(frame, 300);
    release_frame(allocate_frame(300), 300);
  }
};

TEST(FramePool, TakesAFrameWhileTheThreadEnds) {
  std::thread([] {
    thread_local LateFrame late;
    late.frame = allocate_frame(300);
    // Opens this thread's lists, so that they are closed before `late` is destroyed.
    release_frame(allocate_frame(64), 64);
  }).join();
}

}  // namespace
}  // namespace weft::coro
