#include "weft/http2/session/internal/stream_table.h"

#include <algorithm>
#include <map>

#include <gtest/gtest.h>

#include "weft/base/rng.h"
#include "weft/base/sanitizer.h"
#include "weft/http2/session/internal/closed_streams.h"

namespace weft::http2::internal {
namespace {

StreamRecord& insert(StreamTable& table, std::uint32_t id) {
  StreamRecord& stream = table.insert(id);
  stream.begin(id, 0, 0);
  return stream;
}

TEST(StreamTable, FindsWhatAMapFindsThroughManyInsertionsAndRemovals) {
  const std::uint64_t seed = 20240607;
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Rng rng(seed);
  StreamTable table;
  std::map<std::uint32_t, StreamRecord*> model;
  std::uint32_t next = 1;
  for (int step = 0; step < 20000; ++step) {
    if (model.empty() || rng.below(2) == 0) {
      // Gaps, as a client that skips ids would leave.
      next += 2 * static_cast<std::uint32_t>(1 + rng.below(3));
      model[next] = &insert(table, next);
    } else {
      auto it = model.begin();
      std::advance(it,
                   static_cast<std::ptrdiff_t>(rng.below(std::min<std::size_t>(model.size(), 20))));
      table.remove(*it->second);
      EXPECT_EQ(table.find(it->first), nullptr);
      model.erase(it);
      if (rng.below(4) == 0) table.recycle();
    }
    ASSERT_EQ(table.size(), model.size());
    if (step % 64 != 0) continue;
    for (const auto& [id, stream] : model) ASSERT_EQ(table.find(id), stream);
    ASSERT_EQ(table.ids().size(), model.size());
  }
}

TEST(StreamTable, KeepsARemovedRecordUntilRecycled) {
  StreamTable table;
  StreamRecord& first = insert(table, 1);
  table.remove(first);
  EXPECT_NE(&insert(table, 3), &first);
  EXPECT_EQ(first.id(), 1U);
  table.recycle();
  // The thread's list of them keeps nothing under AddressSanitizer, so that a use after this is
  // seen.
  if (!WEFT_ASAN) {
    EXPECT_EQ(&insert(table, 5), &first);
  }
}

TEST(ClosedStreams, GiveTheBenefitOfTheDoubtBelowAForgottenReset) {
  using How = ClosedStreams::How;
  ClosedStreams closed;
  closed.add(1, How::Completed);
  closed.add(3, How::LocalReset);
  closed.add(5, How::PeerReset);
  EXPECT_EQ(closed.find(1), How::Completed);
  EXPECT_EQ(closed.find(3), How::LocalReset);
  EXPECT_EQ(closed.find(5), How::PeerReset);
  EXPECT_EQ(closed.find(7), How::Unknown);
  for (std::uint32_t id = 101; id < 300; id += 2) closed.add(id, How::Completed);
  EXPECT_EQ(closed.find(3), How::LocalReset);
  EXPECT_EQ(closed.find(7), How::Unknown);
}

TEST(ClosedStreams, GoByTheNewestWord) {
  using How = ClosedStreams::How;
  ClosedStreams closed;
  closed.add(1, How::PeerReset);
  closed.add(1, How::LocalReset);
  EXPECT_EQ(closed.find(1), How::LocalReset);
}

}  // namespace
}  // namespace weft::http2::internal
