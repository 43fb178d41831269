#include "weft/registry/internal/instance_list.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::registry {
namespace {

using ::testing::HasSubstr;

v1::Entry entry(int number) {
  v1::Entry entry;
  entry.mutable_instance()->set_id(std::to_string(number));
  entry.mutable_instance()->add_addresses("10.0.0.1:" + std::to_string(1 + number));
  (*entry.mutable_instance()->mutable_attributes())["long"] = std::string(1000, 'x');
  return entry;
}

std::size_t size_of(const InstanceList& list) {
  std::vector<Status> unreadable;
  return list.endpoints(unreadable).size();
}

TEST(InstanceList, HoldsNoMoreThanItsLimitWhateverARegistrySends) {
  InstanceList list(50'000);
  v1::WatchResponse response;
  response.set_store_id("s");
  *response.mutable_snapshot()->add_entries() = entry(0);
  ASSERT_TRUE(list.apply(response, {}).ok());
  v1::WatchResponse parts;
  parts.mutable_snapshot()->set_more(true);
  for (int i = 0; i < 10; ++i) *parts.mutable_snapshot()->add_entries() = entry(i);
  Status status;
  for (int i = 0; i < 100 && status.ok(); ++i) status = list.apply(parts, {}).status();
  EXPECT_EQ(status.code(), StatusCode::ResourceExhausted);
  EXPECT_THAT(std::string(status.message()), HasSubstr("more than 50000 bytes"));
  EXPECT_EQ(size_of(list), 1U) << "what was there stays";
  list.begin_watch();
  ASSERT_TRUE(list.apply(parts, {}).ok()) << "and there is room again";
}

TEST(InstanceList, CountsChangesByWhatIsThereThen) {
  InstanceList list(50'000);
  v1::WatchResponse response;
  response.set_store_id("s");
  response.mutable_snapshot();
  ASSERT_TRUE(list.apply(response, {}).ok());
  for (int i = 0; i < 1000; ++i) {
    v1::WatchResponse change;
    *change.mutable_changes()->add_changes()->mutable_entry() = entry(i % 5);
    ASSERT_TRUE(list.apply(change, {}).ok()) << i;
  }
  Status status;
  for (int i = 0; i < 1000 && status.ok(); ++i) {
    v1::WatchResponse change;
    *change.mutable_changes()->add_changes()->mutable_entry() = entry(i);
    status = list.apply(change, {}).status();
  }
  EXPECT_EQ(status.code(), StatusCode::ResourceExhausted);
}

}  // namespace
}  // namespace weft::registry
