// A warm connection allocates nothing. Counts every call of operator new in this program.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "weft/base/sanitizer.h"
#include "weft/http2/hpack/hpack.h"
#include "weft/http2/session/output.h"
#include "weft/testing/allocations.h"

// clang's ThreadSanitizer brings an operator new that cannot be replaced.
#if !WEFT_TSAN

namespace weft::http2 {
namespace {

using testing::allocations;

template <typename Function>
std::size_t allocations_of(const Function& function) {
  const std::size_t before = allocations;
  function();
  return allocations - before;
}

std::vector<HeaderField> request(std::string_view timeout) {
  std::vector<HeaderField> fields = {{":method", "POST"},
                                     {":scheme", "http"},
                                     {":path", "/helloworld.Greeter/SayHello"},
                                     {":authority", "localhost:50051"},
                                     {"te", "trailers"},
                                     {"content-type", "application/grpc"},
                                     {"x-tenant", "blue"},
                                     {"grpc-timeout", timeout}};
  for (HeaderField& field : fields) field.token = token_of(field.name);
  return fields;
}

TEST(Allocations, AreNoneForHeaderBlocksOfAWarmConnection) {
  HpackEncoder encoder;
  HpackDecoder decoder({});
  std::vector<std::vector<HeaderField>> requests;
  const std::vector<std::string> timeouts = {"100m", "99m", "98m", "97123u", "95m", "1S", "2S"};
  for (const std::string& timeout : timeouts) requests.push_back(request(timeout));
  std::vector<std::uint8_t> block(1024);
  const auto send = [&](const std::vector<HeaderField>& fields) {
    const std::uint8_t* end = encoder.encode(fields, block.data());
    const auto size = static_cast<std::size_t>(end - block.data());
    EXPECT_EQ(decoder.decode({block.data(), size}), HpackDecoder::Outcome::Ok);
  };
  for (int i = 0; i < 3; ++i) send(requests[0]);
  EXPECT_EQ(allocations_of([&] {
              for (const auto& fields : requests) send(fields);
            }),
            0U);
}

/// Whether the allocator recycles blocks in this build; under AddressSanitizer it does not.
bool blocks_are_recycled() {
  ChunkRef(Chunk::allocate(OutputQueue::kBlock));
  return allocations_of([] { ChunkRef(Chunk::allocate(OutputQueue::kBlock)); }) == 0;
}

TEST(Allocations, AreNoneForAQueueThatIsFilledAndEmptied) {
  if (!blocks_are_recycled()) GTEST_SKIP() << "blocks are not recycled under AddressSanitizer";
  OutputQueue queue;
  const Bytes large = Bytes::copy_of(std::string(8000, 'x'));
  const auto turn = [&] {
    std::memset(queue.reserve(100), 'h', 100);
    queue.commit(100);
    queue.append(large);
    queue.consume(queue.size());
  };
  turn();
  EXPECT_EQ(allocations_of([&] {
              for (int i = 0; i < 100; ++i) turn();
            }),
            0U);
}

TEST(Allocations, DoNotGrowWithAQueueThatNeverRunsEmpty) {
  OutputQueue queue;
  const Bytes large = Bytes::copy_of(std::string(8000, 'x'));
  for (int i = 0; i < 4; ++i) queue.append(large);
  EXPECT_LE(allocations_of([&] {
              for (int i = 0; i < 10000; ++i) {
                queue.append(large);
                queue.consume(8000);
              }
            }),
            3U);
  EXPECT_EQ(queue.size(), 32000U);
}

}  // namespace
}  // namespace weft::http2

#endif
