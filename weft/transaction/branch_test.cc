#include "weft/transaction/branch.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::transaction {
namespace {

using ::testing::HasSubstr;

Metadata metadata_of(std::string_view transaction, std::string_view name, std::string_view action) {
  Metadata metadata;
  metadata.add("weft-transaction", transaction);
  metadata.add("weft-branch", name);
  metadata.add("weft-action", action);
  return metadata;
}

std::string error_of(const Metadata& metadata) {
  const Result<std::optional<Branch>> branch = branch_of(metadata);
  EXPECT_EQ(branch.status().code(), StatusCode::InvalidArgument) << branch.status();
  return std::string(branch.status().message());
}

TEST(BranchTest, IsReadAsItIsWritten) {
  for (const Action action :
       {Action::Do, Action::Undo, Action::Try, Action::Confirm, Action::Cancel}) {
    Metadata metadata;
    Branch{.transaction = "trip-1", .name = "room", .action = action}.write_to(metadata);
    const Result<std::optional<Branch>> branch = branch_of(metadata);
    ASSERT_TRUE(branch.ok() && branch->has_value()) << branch.status();
    EXPECT_EQ((*branch)->key(), "trip-1/room/" + std::string(name_of(action)));
  }
}

TEST(BranchTest, ACallWithoutTheFieldsHasNone) {
  const Result<std::optional<Branch>> branch = branch_of(Metadata());
  ASSERT_TRUE(branch.ok());
  EXPECT_FALSE(branch->has_value());
}

TEST(BranchTest, RefusesFieldsThatAreMissingOrComeTwice) {
  Metadata part;
  part.add("weft-transaction", "trip-1");
  EXPECT_EQ(error_of(part), "weft-branch is empty");
  Metadata twice = metadata_of("trip-1", "room", "do");
  twice.add("weft-branch", "seat");
  EXPECT_EQ(error_of(twice), "the call has several fields \"weft-branch\"");
}

TEST(BranchTest, RefusesTextsThatAreNoIds) {
  EXPECT_THAT(error_of(metadata_of("a/b", "room", "do")), HasSubstr("\"a/b\""));
  EXPECT_THAT(error_of(metadata_of("trip 1", "room", "do")), HasSubstr("visible ASCII"));
  EXPECT_THAT(error_of(metadata_of("t", std::string(256, 'x'), "do")), HasSubstr("256 bytes"));
  EXPECT_THAT(error_of(metadata_of("t", "room", "redo")), HasSubstr("\"redo\""));
}

}  // namespace
}  // namespace weft::transaction
