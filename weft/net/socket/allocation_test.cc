// What a connection costs: no allocation while it is warm, little memory while it is idle. Counts
// every call of operator new in this program.

#include <array>
#include <cstddef>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "weft/base/sanitizer.h"
#include "weft/net/loop/asio_loop.h"
#include "weft/net/loop/internal/test_io.h"
#include "weft/net/tls/internal/test_tls.h"
#include "weft/testing/allocations.h"

// clang's ThreadSanitizer brings an operator new that cannot be replaced.
#if !WEFT_TSAN

namespace weft::net {
namespace {

using testing::allocations;
using testing::live_bytes;

using namespace std::chrono_literals;
using test::run;

struct Pair {
  std::unique_ptr<Stream> client;
  std::unique_ptr<Stream> server;
};

Task<Status> connect_pairs(AsioLoop& loop, std::vector<Pair>& pairs, std::size_t count) {
  test::Accepting accepting;
  const Result<Address> bound = accepting.start(loop, *Address::ip("127.0.0.1", 0));
  if (!bound) co_return bound.status();
  pairs.reserve(pairs.size() + count);
  for (std::size_t i = 0; i < count; ++i) {
    Result<std::unique_ptr<Stream>> client = co_await loop.connect(*bound);
    if (!client) co_return client.status();
    Pair pair;
    pair.client = std::move(client).value();
    pair.server = co_await accepting.next();
    pairs.push_back(std::move(pair));
  }
  co_return ok_status();
}

/// Sends back what it reads, a number of times.
class Ponging final : public StreamHandler {
 public:
  Ponging(AsioLoop& loop, Stream& stream, int rounds)
      : loop_(loop), stream_(stream), left_(rounds) {
    stream_.set_handler(this);
    stream_.want_read();
  }
  void on_readable() noexcept override {
    const IoResult read = stream_.read(buffer_);
    if (read.kind != IoResult::Kind::Done) return loop_.stop();
    serve(read.size);
    stream_.want_read();
    if (--left_ == 0) loop_.stop();
  }
  void on_writable() noexcept override {}
  void serve(std::size_t size) {
    const iovec slice{.iov_base = buffer_.data(), .iov_len = size};
    EXPECT_EQ(stream_.write({&slice, 1}).size, size);
    // What a call arms and takes back again.
    loop_.arm(deadline_, loop_.now() + 1h);
    deadline_.cancel();
  }

 private:
  AsioLoop& loop_;
  Stream& stream_;
  int left_;
  Timer deadline_{[](Timer&) noexcept {}};
  std::array<char, 64> buffer_{};
};

TEST(Allocations, AreNoneWhileAConnectionIsWarm) {
  AsioLoop loop;
  std::vector<Pair> pairs;
  ASSERT_TRUE(run(loop, connect_pairs(loop, pairs, 1)).ok());
  const auto rounds = [&](int count) {
    Ponging client(loop, *pairs[0].client, count);
    Ponging server(loop, *pairs[0].server, count * 2);
    client.serve(10);
    const std::size_t before = allocations;
    loop.run();
    return allocations - before;
  };
  rounds(20);
  // The bytes on the way when the first rounds ended go on in these.
  EXPECT_EQ(rounds(100), 0U);
}

TEST(Allocations, AreNoneForWorkPostedToAWarmLoop) {
  AsioLoop loop;
  struct Again : Runnable {
    explicit Again(AsioLoop& on) : Runnable(&Again::go), loop(on) {}
    static void go(Runnable& item) noexcept {
      auto& self = static_cast<Again&>(item);
      if (--self.left == 0) return self.loop.stop();
      self.loop.post(item);
    }
    AsioLoop& loop;
    int left = 0;
  };
  Again again(loop);
  const auto rounds = [&](int count) {
    again.left = count;
    loop.post(again);
    const std::size_t before = allocations;
    loop.run();
    return allocations - before;
  };
  rounds(10);
  EXPECT_LE(rounds(1000), 1U);
}

#if !WEFT_ASAN  // there the pool of blocks keeps nothing
struct TlsAllocations : test::TlsPair {
  void send(Stream& from, Stream& to, std::size_t size) {
    std::array<iovec, 3> slices{};
    slices.fill({.iov_base = buffer.data(), .iov_len = size / 3});
    EXPECT_EQ(from.write(slices).size, size);
    std::size_t read = 0;
    while (read < size) read += to.read(buffer).size;
  }
  std::vector<char> buffer = std::vector<char>(std::size_t{64} << 10);
};

TEST_F(TlsAllocations, AreNoneWhileAConnectionIsWarm) {
  test::Handshake both = shake_hands();
  ASSERT_EQ(both.client_error(), "ok");
  ASSERT_EQ(both.server_error(), "ok");
  const auto rounds = [&](int count) {
    const std::size_t before = allocations;
    for (int i = 0; i < count; ++i) {
      send(both.a(), both.b(), 90);
      send(both.b(), both.a(), 6000);
    }
    return allocations - before;
  };
  rounds(5);
  EXPECT_EQ(rounds(100), 0U);
}
#endif

TEST(Allocations, OfAnIdleStreamStayBelowAKibibyte) {
  AsioLoop loop;
  std::vector<Pair> pairs;
  constexpr std::size_t kPairs = 64;
  ASSERT_TRUE(run(loop, connect_pairs(loop, pairs, 1)).ok());
  pairs.reserve(kPairs + 1);
  const std::ptrdiff_t before = live_bytes;
  ASSERT_TRUE(run(loop, connect_pairs(loop, pairs, kPairs)).ok());
  test::Accepting accepting;
  for (const Pair& pair : pairs) {
    pair.client->want_read();
    pair.server->want_read();
  }
  const auto each = (live_bytes - before) / static_cast<std::ptrdiff_t>(2 * kPairs);
  RecordProperty("bytes", static_cast<int>(each));
  EXPECT_LT(each, 700) << "bytes";
  EXPECT_GT(each, 100) << "bytes";
}

}  // namespace
}  // namespace weft::net

#endif
