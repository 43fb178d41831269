#include "weft/registry/server/internal/wire_text.h"

#include <gtest/gtest.h>

#include "weft/registry/server/internal/test_store.h"

namespace weft::registry {
namespace {

TEST(WireText, OfAnEntryIsWhatProtobufMakesOfIt) {
  const RecordRef record = test::record("service", "id", 300);
  WireText text;
  text.entry(v1::ListResponse::kEntriesFieldNumber, *record, 70'000);
  text.number(v1::ListResponse::kRevisionFieldNumber, ~std::uint64_t{0});
  v1::ListResponse parsed;
  ASSERT_TRUE(parsed.ParseFromString(std::string(text.view())));
  v1::ListResponse expected;
  *expected.add_entries() = record->entry();
  expected.mutable_entries(0)->set_remaining_ms(70'000);
  expected.set_revision(~std::uint64_t{0});
  EXPECT_EQ(parsed.SerializeAsString(), expected.SerializeAsString());
  EXPECT_EQ(text.message().to_bytes().view(), text.view());
}

TEST(WireText, LeavesZeroOutAndEmptyBytesIn) {
  WireText text;
  text.number(1, 0);
  EXPECT_EQ(text.size(), 0U);
  text.bytes(v1::WatchResponse::kHeartbeatFieldNumber, {});
  v1::WatchResponse parsed;
  ASSERT_TRUE(parsed.ParseFromString(std::string(text.view())));
  EXPECT_TRUE(parsed.has_heartbeat());
}

}  // namespace
}  // namespace weft::registry
