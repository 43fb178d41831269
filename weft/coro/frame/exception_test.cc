#include "weft/coro/frame/exception.h"

#include <new>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "weft/base/log.h"

namespace weft::coro {
namespace {

/// What is logged of an exception with this text.
std::string logged(const std::string& text) {
  std::string lines;
  set_log_sink([&lines](LogLevel, std::string_view line) { lines.append(line); });
  Status status;
  try {
    throw std::runtime_error(text);
  } catch (...) {
    status = status_of_current_exception("/a.B/C");
  }
  set_log_sink({});
  EXPECT_EQ(status.code(), StatusCode::Internal);
  EXPECT_EQ(status.message(), "/a.B/C: an exception was thrown");
  return lines;
}

TEST(Exception, IsLoggedWithItsText) {
  EXPECT_EQ(logged("oops"), "/a.B/C: exception: oops");
  EXPECT_EQ(logged("no such user"), R"(/a.B/C: exception: "no such user")");
}

TEST(Exception, CannotForgeALineOrFillTheLog) {
  EXPECT_EQ(logged("no user 'x\nERROR all is lost status=OK\x1b[2J'"),
            R"(/a.B/C: exception: "no user 'x\nERROR all is lost status=OK\x1b[2J'")");
  EXPECT_LT(logged(std::string(100'000, 'a')).size(), 400U);
}

TEST(Exception, OfNoKnownTypeIsNamedSo) {
  std::string lines;
  set_log_sink([&lines](LogLevel, std::string_view line) { lines.append(line); });
  try {
    throw 5;
  } catch (...) {
    static_cast<void>(status_of_current_exception("here"));
  }
  set_log_sink({});
  EXPECT_EQ(lines, R"(here: exception: "not a std::exception")");
}

TEST(Exception, OfMemoryIsResourceExhausted) {
  set_log_sink([](LogLevel, std::string_view line) { EXPECT_EQ(line, "here: out of memory"); });
  Status status;
  try {
    throw std::bad_alloc();
  } catch (...) {
    status = status_of_current_exception("here");
  }
  set_log_sink({});
  EXPECT_EQ(status.code(), StatusCode::ResourceExhausted);
  EXPECT_EQ(status.message(), "here: there is no memory for this call");
}

}  // namespace
}  // namespace weft::coro
