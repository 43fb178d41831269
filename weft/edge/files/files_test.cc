// Static files over HTTP/2, in virtual time.

#include "weft/edge/files/files.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "weft/codec/compression.h"
#include "weft/testing/in_process.h"
#include "weft/testing/scripted_peer.h"

namespace weft::edge {
namespace {

using namespace std::chrono_literals;
using testing::EndStream;
using testing::Fields;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

struct Answer {
  testing::Frame head;
  std::string body;
  std::string status() const { return std::string(head.field(":status")); }
  std::string field(std::string_view name) const { return std::string(head.field(name)); }
};

class FilesTest : public ::testing::Test {
 protected:
  FilesTest() : folder_(::testing::TempDir() + "weft_files_" + std::to_string(getpid())) {
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "www/sub");
    write("secret.txt", "secret");
    write("www/index.html", "<p>home</p>");
    write("www/app.js", "let x = 1;");
    write("www/sub/index.html", "<p>sub</p>");
    write("www/.env", "secret");
  }
  ~FilesTest() override { fs::remove_all(folder_); }

  void write(std::string_view name, std::string_view content) const {
    std::ofstream(folder_ / name) << content;
  }
  void serve(Files options = {}) {
    if (options.folder.empty() && options.embedded.empty()) options.folder = folder_ / "www";
    world_.server().add(files(std::move(options)));
    world_.start();
    peer_ =
        testing::ScriptedPeer::connect(world_.client_host(), "server", testing::InProcess::kPort);
  }
  Answer ask(std::string_view path, const Fields& more = {}, std::string method = "GET") {
    const std::uint32_t stream = std::exchange(next_, next_ + 2);
    Fields fields{{":method", std::move(method)},
                  {":scheme", "http"},
                  {":path", std::string(path)},
                  {":authority", "here"}};
    fields.insert(fields.end(), more.begin(), more.end());
    peer_->send(testing::headers(stream, fields, EndStream::Yes));
    Answer answer;
    answer.head = peer_->expect(http2::FrameType::Headers, stream);
    if (!answer.head.end_stream()) peer_->expect_end(stream);
    answer.body = peer_->data_of(stream);
    return answer;
  }

  const fs::path folder_;
  testing::InProcess world_;
  std::unique_ptr<testing::ScriptedPeer> peer_;
  std::uint32_t next_ = 1;
};

TEST_F(FilesTest, HaveTypesAndTags) {
  serve();
  const Answer script = ask("/app.js?v=1");
  EXPECT_EQ(script.status(), "200");
  EXPECT_EQ(script.body, "let x = 1;");
  EXPECT_EQ(script.field("content-type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(script.field("content-length"), "10");
  EXPECT_EQ(script.field("cache-control"), "no-cache");
  EXPECT_EQ(script.field("x-content-type-options"), "nosniff");
  EXPECT_THAT(script.field("last-modified"), HasSubstr(" GMT"));
  const Answer again = ask("/app.js", {{"if-none-match", script.field("etag")}});
  EXPECT_EQ(again.status(), "304");
  EXPECT_EQ(again.field("etag"), script.field("etag"));
  EXPECT_EQ(again.body, "");
  const Answer head = ask("/app.js", {}, "HEAD");
  EXPECT_EQ(head.field("content-length"), "10");
  EXPECT_EQ(head.body, "");
}

TEST_F(FilesTest, FoldersHaveAnIndex) {
  serve();
  EXPECT_EQ(ask("/").body, "<p>home</p>");
  EXPECT_EQ(ask("/sub/").body, "<p>sub</p>");
  const Answer folder = ask("/sub?a=b");
  EXPECT_EQ(folder.status(), "308");
  EXPECT_EQ(folder.field("location"), "/sub/?a=b");
  EXPECT_EQ(ask("/none/").status(), "404");
}

TEST_F(FilesTest, WithoutAnIndexAFolderIsNothing) {
  fs::create_directories(folder_ / "www/odd/index.html");
  serve({.index = "index.html"});
  EXPECT_EQ(ask("/odd/").status(), "404");
}

TEST_F(FilesTest, TheRootHasNothingWithoutAnIndex) {
  serve({.index = ""});
  EXPECT_EQ(ask("/").status(), "404");
  EXPECT_EQ(ask("/sub/").status(), "404");
  EXPECT_EQ(ask("/app.js").status(), "200");
}

TEST_F(FilesTest, NothingOutsideIsServed) {
  fs::create_symlink("../secret.txt", folder_ / "www/out.txt");
  fs::create_symlink(folder_ / "secret.txt", folder_ / "www/absolute.txt");
  fs::create_symlink("app.js", folder_ / "www/in.js");
  ASSERT_EQ(::mkfifo((folder_ / "www/pipe").c_str(), 0600), 0);
  serve();
  for (const std::string_view path :
       {"/out.txt", "/absolute.txt", "/../secret.txt", "/%2e%2e/secret.txt", "/sub/../app.js",
        "/.env", "/pipe", "/app.js/x", "/..%2fsecret.txt"}) {
    EXPECT_EQ(ask(path).status(), "404") << path;
  }
  EXPECT_EQ(ask("/%zz").status(), "400");
  EXPECT_EQ(ask("/" + std::string(5000, 'x')).status(), "404");
  EXPECT_EQ(ask("/in.js").body, "let x = 1;");
}

TEST_F(FilesTest, BelowAPath) {
  serve({.path = "/app", .fields = {{"x-frame-options", "DENY"}}});
  EXPECT_EQ(ask("/app").field("location"), "/app/");
  EXPECT_EQ(ask("/app/").body, "<p>home</p>");
  EXPECT_EQ(ask("/app/app.js").field("x-frame-options"), "DENY");
  EXPECT_EQ(ask("/apple").status(), "405");
  EXPECT_EQ(ask("/app/app.js", {}, "POST").status(), "415");  // nobody takes it
}

TEST_F(FilesTest, ASinglePageApplicationHasItsPageForItsPaths) {
  serve({.fallback = "index.html"});
  EXPECT_EQ(ask("/orders/17").body, "<p>home</p>");
  EXPECT_EQ(ask("/orders/17/").body, "<p>home</p>");
  EXPECT_EQ(ask("/assets/gone.js").status(), "404");
}

TEST_F(FilesTest, WhatIsChangedShowsWithinASecond) {
  serve();
  const std::string tag = ask("/app.js").field("etag");
  write("www/new.js", "new");
  write("www/app.js", "let changed = 2;");
  fs::remove(folder_ / "www/sub/index.html");
  world_.run_for(1s);
  const Answer changed = ask("/app.js", {{"if-none-match", tag}});
  EXPECT_EQ(changed.status(), "200");
  EXPECT_EQ(changed.body, "let changed = 2;");
  EXPECT_EQ(ask("/new.js").body, "new");
  EXPECT_EQ(ask("/sub/").status(), "404");
}

TEST_F(FilesTest, PartsOfAFile) {
  serve();
  const Answer part = ask("/app.js", {{"range", "bytes=4-4"}});
  EXPECT_EQ(part.status(), "206");
  EXPECT_EQ(part.body, "x");
  EXPECT_EQ(part.field("content-range"), "bytes 4-4/10");
  EXPECT_EQ(part.field("content-length"), "1");
  const Answer none = ask("/app.js", {{"range", "bytes=10-"}});
  EXPECT_EQ(none.status(), "416");
  EXPECT_EQ(none.field("content-range"), "bytes */10");
  EXPECT_EQ(ask("/app.js", {{"if-match", "\"x\""}}).status(), "412");
}

TEST_F(FilesTest, TextIsCompressedForThoseWhoAsk) {
  const std::string text(20'000, 'a');
  write("www/long.txt", text);
  write("www/long.png", text);
  serve();
  const Fields gzip{{"accept-encoding", "gzip"}};
  const Answer packed = ask("/long.txt", gzip);
  EXPECT_EQ(packed.field("content-encoding"), "gzip");
  EXPECT_EQ(packed.field("vary"), "accept-encoding");
  EXPECT_EQ(packed.field("content-length"), std::to_string(packed.body.size()));
  const Result<Bytes> inflated = codec::decompress(Compression::Gzip, packed.body, 1 << 20);
  ASSERT_TRUE(inflated.ok());
  EXPECT_EQ(inflated->view(), text);
  const Answer plain = ask("/long.txt");
  EXPECT_EQ(plain.body, text);
  EXPECT_EQ(plain.field("vary"), "accept-encoding");
  EXPECT_NE(plain.field("etag"), packed.field("etag"));
  EXPECT_EQ(ask("/long.png", gzip).field("content-encoding"), "");
  EXPECT_EQ(ask("/long.txt", {{"accept-encoding", "gzip"}, {"range", "bytes=0-1"}}).body, "aa");
}

TEST_F(FilesTest, LargeOnesComeFromTheDisk) {
  std::string large;
  for (int i = 0; large.size() < 1'000'000; ++i) large += std::to_string(i) + "\n";
  write("www/large.txt", large);
  serve();
  EXPECT_EQ(ask("/large.txt", {}, "HEAD").field("content-length"), std::to_string(large.size()));
  const Answer part = ask("/large.txt", {{"range", "bytes=-100000"}});
  EXPECT_EQ(part.status(), "206");
  EXPECT_EQ(part.body, large.substr(large.size() - 100'000));
  const Answer whole = ask("/large.txt");
  EXPECT_EQ(whole.body, large);
  // Within the second that the old one is known.
  write("www/large.txt", large + "more");
  EXPECT_EQ(ask("/large.txt", {{"range", "bytes=-4"}}).body, "more");
}

TEST_F(FilesTest, OfTheProgram) {
  static const std::string large(500'000, 'z');
  serve({.embedded = {{"index.html", "<p>in</p>"}, {"js/a.js", "1"}, {"large.txt", large}}});
  EXPECT_EQ(ask("/").body, "<p>in</p>");
  EXPECT_EQ(ask("/js/a.js").field("last-modified"), "");
  EXPECT_NE(ask("/js/a.js").field("etag"), "");
  EXPECT_EQ(ask("/large.txt").body, large);
  EXPECT_EQ(ask("/large.txt", {{"accept-encoding", "gzip"}}).field("content-encoding"), "");
  EXPECT_EQ(ask("/none").status(), "404");
}

TEST_F(FilesTest, AFolderMayBeALinkThatIsTurned) {
  fs::create_directories(folder_ / "next");
  write("next/index.html", "<p>next</p>");
  fs::create_directory_symlink("www", folder_ / "current");
  serve({.folder = folder_ / "current"});
  EXPECT_EQ(ask("/").body, "<p>home</p>");
  fs::create_directory_symlink("next", folder_ / "turned");
  fs::rename(folder_ / "turned", folder_ / "current");
  world_.run_for(1s);
  EXPECT_EQ(ask("/").body, "<p>next</p>");
}

std::string start_with(Files options) {
  testing::InProcess world;
  world.server().add(files(std::move(options)));
  return world.server().start().to_string();
}

TEST(FilesStart, RefusesWhatCannotBeServed) {
  EXPECT_THAT(start_with({.folder = "/no/such/folder"}), HasSubstr("the folder '/no/such/folder'"));
  EXPECT_THAT(start_with({}), HasSubstr("either a folder or embedded files"));
  EXPECT_THAT(start_with({.path = "app", .folder = "/tmp"}), HasSubstr("Files::path is 'app'"));
  EXPECT_THAT(start_with({.path = "/app/", .folder = "/tmp"}), HasSubstr("ends in a name"));
  EXPECT_THAT(start_with({.folder = "/tmp", .fields = {{"X-A", "b"}}}),
              HasSubstr("Files::fields: 'X-A'"));
  EXPECT_THAT(start_with({.folder = "/tmp", .fields = {{"x-a", "b\n"}}}),
              HasSubstr("Files::fields: 'x-a'"));
  // HTTP/1.1 could send none of these.
  EXPECT_THAT(start_with({.folder = "/tmp", .fields = {{"connection", "close"}}}),
              HasSubstr("Files::fields: 'connection': it belongs to the connection"));
  EXPECT_THAT(start_with({.folder = "/tmp", .fields = {{"a(b", "c"}}}),
              HasSubstr("Files::fields: 'a(b': names are tokens"));
  EXPECT_THAT(start_with({.folder = "/tmp", .cache_control = " "}), HasSubstr("cache_control"));
}

}  // namespace
}  // namespace weft::edge
