#include "weft/telemetry/log/internal/rotating_file.h"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace weft::telemetry::internal {
namespace {

using ::testing::HasSubstr;

class RotatingFileTest : public ::testing::Test {
 protected:
  RotatingFileTest()
      : folder_(::testing::TempDir() + "weft_rotating_" + std::to_string(getpid())),
        path_(folder_ + "/log") {
    std::filesystem::create_directory(folder_);
  }
  ~RotatingFileTest() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<RotatingFile> open(std::uint64_t bytes, int old_files) const {
    return *RotatingFile::open({.path = path_, .bytes = bytes, .old_files = old_files});
  }
  std::string content(const std::string& suffix = "") const {
    std::ostringstream text;
    text << std::ifstream(path_ + suffix).rdbuf();
    return text.str();
  }
  bool exists(const std::string& suffix) const { return std::filesystem::exists(path_ + suffix); }

  const std::string folder_;
  const std::string path_;
};

TEST_F(RotatingFileTest, AppendsToWhatIsThere) {
  EXPECT_EQ(open(0, 5)->write("a\n"), 0U);
  EXPECT_EQ(open(0, 5)->write("b\nc\n"), 0U);
  EXPECT_EQ(content(), "a\nb\nc\n");
}

TEST_F(RotatingFileTest, RenamesTheFileBetweenLines) {
  const std::unique_ptr<RotatingFile> file = open(8, 2);
  EXPECT_EQ(file->write("aaa\nbbb\nccc\nddd\neee\n"), 0U);
  EXPECT_EQ(content(".2"), "aaa\nbbb\n");
  EXPECT_EQ(content(".1"), "ccc\nddd\n");
  EXPECT_EQ(content(), "eee\n");
}

TEST_F(RotatingFileTest, KeepsSoManyOldFiles) {
  const std::unique_ptr<RotatingFile> file = open(4, 2);
  EXPECT_EQ(file->write("aaa\nbbb\nccc\nddd\n"), 0U);
  EXPECT_EQ(content(".2") + content(".1") + content(), "bbb\nccc\nddd\n");
  EXPECT_FALSE(exists(".3"));
}

TEST_F(RotatingFileTest, KeepsNoOldFileWhereNoneMayStay) {
  const std::unique_ptr<RotatingFile> file = open(4, 0);
  EXPECT_EQ(file->write("aaa\nbbb\n"), 0U);
  EXPECT_EQ(content(), "bbb\n");
  EXPECT_FALSE(exists(".1"));
}

TEST_F(RotatingFileTest, ALineLongerThanAFileHasOneOfItsOwn) {
  const std::unique_ptr<RotatingFile> file = open(4, 9);
  EXPECT_EQ(file->write("a\nlonger\nb\n"), 0U);
  EXPECT_EQ(content(".2"), "a\n");
  EXPECT_EQ(content(".1"), "longer\n");
  EXPECT_EQ(content(), "b\n");
}

TEST_F(RotatingFileTest, CountsTheBytesThatWereThereBefore) {
  EXPECT_EQ(open(0, 5)->write("aaa\n"), 0U);
  EXPECT_EQ(open(6, 5)->write("bbb\n"), 0U);
  EXPECT_EQ(content(".1"), "aaa\n");
}

TEST_F(RotatingFileTest, FollowsItsNameWhenTheFileWasRenamed) {
  const std::unique_ptr<RotatingFile> file = open(0, 5);
  EXPECT_EQ(file->write("a\n"), 0U);
  std::filesystem::rename(path_, path_ + ".old");
  EXPECT_EQ(file->write("b\n"), 0U);
  EXPECT_EQ(content(".old"), "a\n");
  EXPECT_EQ(content(), "b\n");
}

TEST_F(RotatingFileTest, GrowsOnWhereItCannotBeRenamed) {
  const std::unique_ptr<RotatingFile> file = open(4, 1);
  std::filesystem::create_directories(path_ + ".1/taken");
  EXPECT_EQ(file->write("aaa\nbbb\n"), 0U);
  EXPECT_NE(file->error(), 0);
  EXPECT_EQ(content(), "aaa\nbbb\n");
}

TEST_F(RotatingFileTest, KeepsOldFilesWhereItCannotBeRenamedAgainAndAgain) {
  EXPECT_EQ(open(4, 3)->write("aaa\nbbb\nccc\n"), 0U);
  const std::unique_ptr<RotatingFile> file = open(4, 3);
  std::filesystem::rename(path_ + ".1", path_ + ".one");
  std::filesystem::create_directories(path_ + ".1/taken");
  std::filesystem::remove_all(path_ + ".3");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(file->write("ddd\n"), 0U);
  EXPECT_TRUE(std::filesystem::exists(path_ + ".2") || std::filesystem::exists(path_ + ".3"));
  EXPECT_THAT(content(".2") + content(".3"), HasSubstr("aaa\n"));
}

TEST_F(RotatingFileTest, SeesThatTheFileWasEmptied) {
  const std::unique_ptr<RotatingFile> file = open(8, 1);
  EXPECT_EQ(file->write("aaa\n"), 0U);
  std::filesystem::resize_file(path_, 0);
  EXPECT_EQ(file->write("bbb\nccc\n"), 0U);
  EXPECT_EQ(content(), "bbb\nccc\n");
  EXPECT_FALSE(exists(".1"));
}

TEST_F(RotatingFileTest, CountsLinesThatAFullDiskDoesNotTake) {
  ASSERT_EQ(::symlink("/dev/full", path_.c_str()), 0);
  const std::unique_ptr<RotatingFile> file = open(0, 5);
  EXPECT_EQ(file->write("a\nb\n"), 2U);
  EXPECT_EQ(file->error(), ENOSPC);
}

TEST_F(RotatingFileTest, NamesAFileThatCannotBeOpened) {
  const auto file = RotatingFile::open({.path = folder_});
  EXPECT_EQ(file.status().code(), StatusCode::FailedPrecondition);
  EXPECT_THAT(std::string(file.status().message()), HasSubstr(folder_ + "' cannot be opened"));
}

}  // namespace
}  // namespace weft::telemetry::internal
