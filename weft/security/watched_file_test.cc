#include "weft/security/watched_file.h"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/net/sim/sim_loop.h"
#include "weft/security/api_keys.h"
#include "weft/security/authorization.h"
#include "weft/testing/folder.h"

namespace weft::security {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class WatchedFileTest : public ::testing::Test {
 protected:
  Result<WatchedFile> open(WatchedFileOptions options = {.every = 1s, .max_bytes = 8}) {
    options.loop = &loop_;
    const auto take = [this](std::string_view text) {
      if (text == "wrong") return invalid_argument("this is wrong");
      taken_.emplace_back(text);
      return ok_status();
    };
    return WatchedFile::open(path_, take, options);
  }
  void write(std::string_view text) const { static_cast<void>(folder_.write("file", text)); }

  const testing::Folder folder_;
  const std::string path_ = folder_.file("file");
  net::SimNetwork network_{1};
  net::SimLoop& loop_ = network_.host("here");
  std::vector<std::string> taken_;
};

TEST_F(WatchedFileTest, IsTakenAtOnceAndAgainWhenItChanges) {
  write("one");
  const Result<WatchedFile> file = open();
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_THAT(taken_, ElementsAre("one"));
  network_.run_for(5s);
  EXPECT_THAT(taken_, ElementsAre("one"));
  write("two");
  network_.run_for(2s);
  EXPECT_THAT(taken_, ElementsAre("one", "two"));
}

TEST_F(WatchedFileTest, MustBeRightAtTheStart) {
  EXPECT_EQ(open().status().code(), StatusCode::NotFound);
  write("wrong");
  EXPECT_EQ(open().status().to_string(), "INVALID_ARGUMENT: " + path_ + ": this is wrong");
  write("more than 8");
  EXPECT_EQ(open().status().code(), StatusCode::ResourceExhausted);
  EXPECT_THAT(taken_, ElementsAre());
}

TEST_F(WatchedFileTest, RefusesOptionsThatMakeNoSense) {
  write("one");
  EXPECT_EQ(open({.every = 1ms}).status().to_string(),
            "INVALID_ARGUMENT: WatchedFileOptions::every is 1ms; the shortest is 100ms");
  EXPECT_THAT(WatchedFile::open(path_, nullptr).status().message(), HasSubstr("nothing takes"));
  EXPECT_THAT(WatchedFile::open("", [](auto) { return ok_status(); }).status().message(),
              HasSubstr("the path"));
}

TEST_F(WatchedFileTest, WhatWasTakenStaysUntilAGoodTextComes) {
  write("one");
  const Result<WatchedFile> file = open();
  ASSERT_TRUE(file.ok()) << file.status();
  write("wrong");
  network_.run_for(2s);
  EXPECT_EQ(file->health().code(), StatusCode::InvalidArgument);
  write("more than 8");
  network_.run_for(2s);
  EXPECT_EQ(file->health().code(), StatusCode::ResourceExhausted);
  EXPECT_THAT(taken_, ElementsAre("one"));
  write("one");
  network_.run_for(2s);
  EXPECT_TRUE(file->health().ok());
  EXPECT_THAT(taken_, ElementsAre("one")) << "it says what was taken last";
  write("two");
  network_.run_for(2s);
  EXPECT_THAT(taken_, ElementsAre("one", "two"));
}

TEST_F(WatchedFileTest, NothingIsTakenOnceItHasGone) {
  write("one");
  {
    Result<WatchedFile> file = open();
    ASSERT_TRUE(file.ok()) << file.status();
    const WatchedFile moved = *std::move(file);
    network_.run_for(2s);
  }
  write("two");
  network_.run_for(5s);
  EXPECT_THAT(taken_, ElementsAre("one"));
}

TEST_F(WatchedFileTest, FeedsApiKeysAndAPolicy) {
  const auto keys = ApiKeys::make();
  Authorization authorization;
  const std::string policy =
      folder_.write("policy", R"({"name": "p", "allow_rules": [{"name": "all"}]})");
  const std::string list = folder_.write("keys", R"({"keys": []})");
  const WatchedFileOptions options{.every = 1s, .loop = &loop_};
  const Result<WatchedFile> first = WatchedFile::open(
      policy, [=](std::string_view text) mutable { return authorization.set(text); }, options);
  EXPECT_TRUE(first.ok()) << first.status();
  const Result<WatchedFile> second = WatchedFile::open(
      list, [keys](std::string_view text) { return keys->set(text); }, options);
  ASSERT_TRUE(second.ok()) << second.status();
  static_cast<void>(folder_.write("keys", R"({"keys": [{}]})"));
  network_.run_for(2s);
  EXPECT_EQ(second->health().code(), StatusCode::InvalidArgument);
}

}  // namespace
}  // namespace weft::security
