// Templates of paths, well written or badly.

#include "weft/edge/rest/internal/path_template.h"

#include <string>

#include <gmock/gmock.h>

namespace weft::edge::rest {
namespace {

using Kind = PathTemplate::Kind;
using Segment = PathTemplate::Segment;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

PathTemplate parsed(std::string_view text) {
  Result<PathTemplate> path = PathTemplate::parse(text);
  EXPECT_TRUE(path.ok()) << path.status();
  return path.ok() ? *std::move(path) : PathTemplate();
}

std::string error_of(std::string_view text) {
  const Result<PathTemplate> path = PathTemplate::parse(text);
  EXPECT_FALSE(path.ok()) << text;
  return path.ok() ? "" : std::string(path.status().message());
}

TEST(PathTemplate, HasLiteralsAndWildcards) {
  const PathTemplate path = parsed("/v1/a%2Fb/*/**");
  EXPECT_THAT(path.segments,
              ElementsAre(Segment{Kind::Literal, "v1"}, Segment{Kind::Literal, "a/b"},
                          Segment{Kind::One, ""}, Segment{Kind::Rest, ""}));
  EXPECT_THAT(path.variables, IsEmpty());
  EXPECT_EQ(path.verb, "");
}

TEST(PathTemplate, AVariableAloneIsOneSegment) {
  const PathTemplate path = parsed("/v1/{shelf.name}:fill");
  ASSERT_THAT(path.variables, SizeIs(1));
  EXPECT_EQ(path.variables[0].field, "shelf.name");
  EXPECT_EQ(path.variables[0].begin, 1U);
  EXPECT_EQ(path.variables[0].end, 2U);
  EXPECT_FALSE(path.variables[0].several);
  EXPECT_EQ(path.verb, "fill");
}

TEST(PathTemplate, AVariableMayHaveSeveralSegments) {
  const PathTemplate path = parsed("/v1/{name=shelves/*/books/**}");
  ASSERT_THAT(path.variables, SizeIs(1));
  EXPECT_EQ(path.variables[0].end, 5U);
  EXPECT_TRUE(path.variables[0].several);
  EXPECT_TRUE(parsed("/{rest=**}").variables[0].several);
  EXPECT_FALSE(parsed("/{one=*}").variables[0].several);
}

TEST(PathTemplate, ErrorsSayCauseAndPlace) {
  EXPECT_EQ(error_of("v1"), "the path 'v1', column 1: it does not begin with /");
  EXPECT_THAT(error_of(""), HasSubstr("column 1"));
  EXPECT_THAT(error_of("/"), HasSubstr("column 2: a segment is missing"));
  EXPECT_THAT(error_of("/v1//a"), HasSubstr("column 5: a segment is missing"));
  EXPECT_THAT(error_of("/v1/"), HasSubstr("column 5: a segment is missing"));
  EXPECT_THAT(error_of("/**/a"), HasSubstr("column 5: something follows **"));
  EXPECT_THAT(error_of("/{a=**}/{b}"), HasSubstr("something follows **"));
  EXPECT_THAT(error_of("/{a=x/{b}}"), HasSubstr("column 7: a variable stands in another"));
  EXPECT_THAT(error_of("/{a}/{a}"), HasSubstr("column 7: a is a variable twice"));
  EXPECT_THAT(error_of("/{a"), HasSubstr("column 4: the } of a variable is missing"));
  EXPECT_THAT(error_of("/{}"), HasSubstr("column 3: the name of a field is missing"));
  EXPECT_THAT(error_of("/{a.}"), HasSubstr("column 5: the name of a field is missing"));
  EXPECT_THAT(error_of("/{1a}"), HasSubstr("column 3: the name of a field is missing"));
  EXPECT_THAT(error_of("/a:"), HasSubstr("column 4: a verb is missing"));
  EXPECT_THAT(error_of("/a:b/c"), HasSubstr("column 5: nothing can follow here"));
  EXPECT_THAT(error_of("/a*"), HasSubstr("column 3: nothing can follow here"));
  EXPECT_THAT(error_of("/%2"), HasSubstr("column 2: two hexadecimal digits"));
  EXPECT_THAT(error_of("/{a=b/%ff}"), HasSubstr("column 7: the segment is not UTF-8"));
  EXPECT_THAT(error_of("/a/../b"), HasSubstr("no path that is served has the segment .."));
  EXPECT_THAT(error_of("/a b"), HasSubstr("column 3: nothing can follow here"));
}

TEST(PathTemplate, LengthAndSegmentsAreBounded) {
  std::string most;
  for (std::size_t i = 0; i < kMostSegments; ++i) most += "/a";
  parsed(most);
  EXPECT_THAT(error_of(most + "/a"), HasSubstr("more than 32 segments"));
  EXPECT_THAT(error_of("/" + std::string(kLongestTemplate, 'a')), HasSubstr("longer than 1024"));
}

}  // namespace
}  // namespace weft::edge::rest
