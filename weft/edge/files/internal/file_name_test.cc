#include "weft/edge/files/internal/file_name.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace weft::edge {
namespace {

std::string read(std::string_view path, std::string_view root = "/") {
  const FileName found = file_name_of(path, root);
  switch (found.kind) {
    case FileName::Kind::File:
      return "file " + found.name;
    case FileName::Kind::Folder:
      return "folder " + found.name;
    case FileName::Kind::Malformed:
      return "malformed";
    default:
      return "hidden";
  }
}

TEST(FileName, IsThePathBelowTheRoot) {
  EXPECT_EQ(read("/"), "folder ");
  EXPECT_EQ(read("/a.js"), "file a.js");
  EXPECT_EQ(read("/a/b/"), "folder a/b");
  EXPECT_EQ(read("/app", "/app"), "folder ");
  EXPECT_EQ(read("/app/", "/app"), "folder ");
  EXPECT_EQ(read("/app/x/y.css", "/app"), "file x/y.css");
}

TEST(FileName, IsDecodedOnce) {
  EXPECT_EQ(read("/a%20b"), "file a b");
  EXPECT_EQ(read("/%2561"), "file %61");
  EXPECT_EQ(read("/%C3%A4"), "file \xc3\xa4");
  EXPECT_EQ(read("/a%2"), "malformed");
  EXPECT_EQ(read("/%zz/b"), "malformed");
}

TEST(FileName, NeverLeadsOutOrToHiddenFiles) {
  for (const std::string_view path :
       {"/..", "/../etc/passwd", "/a/../b", "/%2e%2e/b", "/.%2e/b", "/a/.", "/./a", "//a", "/a//b",
        "/a%2fb", "/..%2fetc", "/a%00.js", "/.git/config", "/a/.env"}) {
    EXPECT_EQ(read(path), "hidden") << path;
  }
  EXPECT_EQ(read("/.well-known/acme"), "file .well-known/acme");
}

TEST(FileName, HasAnEndingInItsLastPart) {
  EXPECT_TRUE(has_ending("a/b.js"));
  EXPECT_FALSE(has_ending("v1.2/users"));
  EXPECT_FALSE(has_ending(""));
}

}  // namespace
}  // namespace weft::edge
