#include "weft/transaction/idempotency/memory_replies.h"

#include <chrono>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/net/sim/sim_loop.h"
#include "weft/testing/run.h"

namespace weft::transaction {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using State = IdempotencyStore::State;

/// Ids that share a part of the table.
Fingerprint id_of(std::uint8_t number) {
  Fingerprint id;
  id.bytes[0] = number;
  return id;
}

class MemoryRepliesTest : public ::testing::Test {
 protected:
  template <class T>
  T run(Task<T> task) {
    return weft::testing::run(host, std::move(task));
  }
  Result<IdempotencyStore::Begun> begin(IdempotencyStore& store, Fingerprint id) {
    return run(begin_on_loop(store, id));
  }

  static Task<Result<IdempotencyStore::Begun>> begin_on_loop(IdempotencyStore& store,
                                                             Fingerprint id) {
    co_return co_await store.begin(
        id, id, {.lease = 1min, .keep = 1h, .lost = IdempotencyStore::Rule::Lost::TakeOver});
  }
  static Task<Status> finish(IdempotencyStore& store, Fingerprint id, std::uint64_t token) {
    co_return co_await store.finish(id, token, SavedReply(), 1h);
  }

  net::SimNetwork network{1};
  net::SimLoop& host = network.host("server");
};

TEST_F(MemoryRepliesTest, ALostCallMakesRoomForANewOne) {
  MemoryReplies store({.max_entries = 16});  // one in each part
  EXPECT_TRUE(begin(store, id_of(1)).ok());
  EXPECT_THAT(begin(store, id_of(2)).status().to_string(), HasSubstr("RESOURCE_EXHAUSTED"));
  network.run_for(61s);
  EXPECT_TRUE(begin(store, id_of(2)).ok());
  EXPECT_EQ(store.size(), 1U);
}

TEST_F(MemoryRepliesTest, ALostCallIsForgottenInTime) {
  MemoryReplies store;
  EXPECT_TRUE(begin(store, id_of(1)).ok());
  network.run_for(62min);
  EXPECT_TRUE(begin(store, id_of(2)).ok());
  EXPECT_EQ(store.size(), 1U);
}

TEST_F(MemoryRepliesTest, ASlowCallIsKeptWhereThereIsRoom) {
  MemoryReplies store;
  const auto slow = begin(store, id_of(1));
  network.run_for(2min);
  EXPECT_TRUE(begin(store, id_of(2)).ok());
  EXPECT_TRUE(run(finish(store, id_of(1), slow->token)).ok());
  EXPECT_EQ(begin(store, id_of(1))->state, State::Saved);
}

}  // namespace
}  // namespace weft::transaction
