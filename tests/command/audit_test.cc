#include "weft/security/audit/audit.h"

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/testing/folder.h"

#include "tests/command/program.h"

namespace weft::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class WeftAudit : public ::testing::Test {
 protected:
  /// A start of a program, and no call.
  void SetUp() override { ASSERT_TRUE(Audit::open({.file = file_}).ok()); }
  Ended verify(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"audit", "verify"});
    return run_weft(arguments);
  }
  const testing::Folder folder_;
  const std::string file_ = folder_.file("audit.jsonl");
};

TEST_F(WeftAudit, SaysWhatTheRecordsAre) {
  const Ended ended = verify({file_});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_THAT(ended.out, StartsWith("records 1 to 1: 0 calls, 1 starts, 0 calls whose records were "
                                    "lost\nhead 1:"));
  const std::string head = ended.out.substr(ended.out.find("1:", ended.out.find("head")), 66);
  EXPECT_EQ(verify({file_, "--expect", head}).status, 0);
}

TEST_F(WeftAudit, NamesTheLineThatWasChanged) {
  std::ifstream read(file_);
  std::string text((std::istreambuf_iterator<char>(read)), {});
  text.replace(text.find("process"), 7, "PROCESS");
  const std::string changed = folder_.write("changed.jsonl", text);
  const Ended ended = verify({changed});
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.err, HasSubstr(changed + ":1: the record was changed"));
}

TEST_F(WeftAudit, NamesWhatCannotBeRead) {
  EXPECT_EQ(verify({folder_.file("none")}).status, 2);
  const Ended ended = verify({file_, "--expect", "tomorrow"});
  EXPECT_EQ(ended.status, 2);
  EXPECT_THAT(ended.err, HasSubstr("'tomorrow' is no record"));
}

}  // namespace
}  // namespace weft::test
