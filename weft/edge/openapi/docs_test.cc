// The page of docs(), over HTTP/2 in virtual time.

#include "weft/edge/openapi/docs.h"

#include <string>

#include <gmock/gmock.h>

#include "weft/edge/internal/test_edge.h"

namespace weft::edge::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class DocsWorld : public World {
 public:
  explicit DocsWorld(DocsPage options = {}) { server().add(docs(std::move(options))); }
  Answer ask(std::string_view path, std::string method = "GET") {
    return answer(begin(path, {}, {}, std::move(method), weft::testing::EndStream::Yes));
  }
};

TEST(Docs, ThePageLoadsOnlyFromThisServer) {
  DocsWorld world({.path = "/api/docs", .document = "/api/v2.json"});
  const Answer page = world.ask("/api/docs?x");
  EXPECT_EQ(page.status(), "200");
  EXPECT_EQ(page.field("content-type"), "text/html; charset=utf-8");
  EXPECT_THAT(page.field("content-security-policy"),
              HasSubstr("default-src 'none'; script-src 'self'"));
  EXPECT_THAT(page.body, HasSubstr("src=\"/api/docs/page.js\""));
  EXPECT_THAT(page.body, HasSubstr("content=\"/api/v2.json\""));
  EXPECT_THAT(page.body, Not(HasSubstr("%")));
  EXPECT_THAT(page.body, Not(HasSubstr("//")));
}

TEST(Docs, ItsScriptAndStyleLieBelow) {
  DocsWorld world;
  EXPECT_EQ(world.ask("/docs/page.js").field("content-type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(world.ask("/docs/page.css").field("content-type"), "text/css; charset=utf-8");
  // Text from the document is no code.
  EXPECT_THAT(world.ask("/docs/page.js").body, Not(HasSubstr("innerHTML")));
  EXPECT_EQ(world.ask("/docs/other").status(), "405");
  EXPECT_EQ(world.ask("/docs", "PUT").field("allow"), "GET, HEAD");
  EXPECT_EQ(world.ask("/docs", "HEAD").body, "");
}

TEST(DocsDeathTest, APathThatIsNoPlainPathEndsTheProgram) {
  EXPECT_DEATH(docs({.path = "/a\"b"}), "letters, digits");
}

}  // namespace
}  // namespace weft::edge::test
