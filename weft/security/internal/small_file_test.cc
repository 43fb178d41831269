#include "weft/security/internal/small_file.h"

#include <string>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "weft/testing/folder.h"

namespace weft::security::internal {
namespace {

class SmallFileTest : public ::testing::Test {
 protected:
  std::string problem(const std::string& path) const {
    const Result<SmallFile> file = read_small_file(path, 4);
    return file.ok() ? "none" : file.status().to_string();
  }
  const testing::Folder folder_;
};

TEST_F(SmallFileTest, GivesTheTextAndTheMode) {
  const std::string path = folder_.write("a", "text");
  ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
  const Result<SmallFile> file = read_small_file(path, 4);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->text, "text");
  EXPECT_EQ(file->mode & 0777U, 0640U);
}

TEST_F(SmallFileTest, SaysWhatIsWrong) {
  const std::string none = folder_.file("none");
  EXPECT_EQ(problem(none), "NOT_FOUND: " + none + ": No such file or directory");
  const std::string large = folder_.write("large", "texts");
  EXPECT_EQ(problem(large), "RESOURCE_EXHAUSTED: " + large + " is larger than 4 bytes");
}

TEST_F(SmallFileTest, RefusesWhatIsNoRegularFile) {
  const std::string pipe = folder_.file("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  for (const std::string& path : {pipe, folder_.path(), std::string("/dev/zero")}) {
    EXPECT_EQ(problem(path), "FAILED_PRECONDITION: " + path + " is not a regular file");
  }
}

}  // namespace
}  // namespace weft::security::internal
