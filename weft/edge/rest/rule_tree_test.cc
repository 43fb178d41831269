// Which rule a path is for, and what its variables are.

#include "weft/edge/rest/internal/rule_tree.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>

namespace weft::edge::rest {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Rules {
 public:
  explicit Rules(std::vector<std::string> rules) {
    for (const std::string& rule : rules) {
      const std::size_t space = rule.find(' ');
      templates_.push_back(*PathTemplate::parse(rule.substr(space + 1)));
      EXPECT_FALSE(tree_.add(rule.substr(0, space), templates_.back(), templates_.size() - 1));
    }
  }
  /// The place of the rule, or -1.
  int find(std::string_view path, std::string_view method = "GET") const {
    const auto found = tree_.find(method, path).rule;
    return found ? static_cast<int>(*found) : -1;
  }
  std::vector<std::string> values(std::string_view path) const {
    const RuleTree::Found found = tree_.find("GET", path);
    EXPECT_TRUE(found.rule) << path;
    if (!found.rule) return {};
    return values_of(templates_[*found.rule], path, found.verb)
        .value_or(std::vector<std::string>{"not UTF-8"});
  }
  const RuleTree& tree() const { return tree_; }

 private:
  std::vector<PathTemplate> templates_;
  RuleTree tree_;
};

TEST(RuleTree, LiteralsComeBeforeWildcards) {
  const Rules rules({"GET /v1/{a=**}", "GET /v1/{a}", "GET /v1/me", "GET /v1/{a}/x/**"});
  EXPECT_EQ(rules.find("/v1/me"), 2);
  EXPECT_EQ(rules.find("/v1/m%65"), 2);
  EXPECT_EQ(rules.find("/v1/you"), 1);
  EXPECT_EQ(rules.find("/v1/you/me"), 0);
  EXPECT_EQ(rules.find("/v1/you/x"), 3);
  EXPECT_EQ(rules.find("/v1"), 0);
  EXPECT_EQ(rules.find("/v2"), -1);
  EXPECT_EQ(rules.find("/"), -1);
  EXPECT_EQ(rules.find(""), -1);
  EXPECT_EQ(rules.find("*"), -1);
}

TEST(RuleTree, GoesBackWhereALiteralLeadsNowhere) {
  const Rules rules({"GET /a/b/c", "GET /a/*/d", "GET /{all=**}"});
  EXPECT_EQ(rules.find("/a/b/c"), 0);
  EXPECT_EQ(rules.find("/a/b/d"), 1);
  EXPECT_EQ(rules.find("/a/b/e"), 2);
}

TEST(RuleTree, AnotherPathMayHaveTheMethod) {
  const Rules rules({"POST /v1/shelves", "GET /v1/{a}", "* /v1/{a}/any"});
  EXPECT_EQ(rules.find("/v1/shelves"), 1);
  EXPECT_EQ(rules.find("/v1/x/any", "REPORT"), 2);
  EXPECT_EQ(rules.find("/v1/shelves", "PUT"), -1);
  EXPECT_THAT(rules.tree().find("PUT", "/v1/shelves").methods, ElementsAre("GET", "POST"));
  EXPECT_THAT(rules.tree().find("PUT", "/v1").methods, IsEmpty());
}

TEST(RuleTree, AVerbComesBeforeAColonInASegment) {
  const Rules rules({"GET /v1/{a}", "GET /v1/{a}:run", "GET /v1/{a=x/**}:run"});
  EXPECT_EQ(rules.find("/v1/b:run"), 1);
  EXPECT_EQ(rules.find("/v1/b:walk"), 0);
  EXPECT_EQ(rules.find("/v1/x/y/z:run"), 2);
  EXPECT_EQ(rules.find("/v1/b:run/c"), -1);
  EXPECT_THAT(rules.values("/v1/b:run"), ElementsAre("b"));
  EXPECT_THAT(rules.values("/v1/b:walk"), ElementsAre("b:walk"));
  EXPECT_THAT(rules.values("/v1/x/y/z:run"), ElementsAre("x/y/z"));
}

TEST(RuleTree, NamesTheRuleOfTheSamePaths) {
  RuleTree tree;
  EXPECT_EQ(tree.add("GET", *PathTemplate::parse("/v1/{a}/{b=x/**}"), 7), std::nullopt);
  EXPECT_EQ(tree.add("GET", *PathTemplate::parse("/v1/*/x/{c=**}"), 8), 7U);
  EXPECT_EQ(tree.add("PUT", *PathTemplate::parse("/v1/*/x/{c=**}"), 8), std::nullopt);
  EXPECT_EQ(tree.add("GET", *PathTemplate::parse("/v1/*/x/{c=**}:go"), 9), std::nullopt);
}

TEST(RuleTree, KnowsTheFirstSegments) {
  const Rules rules({"GET /v1/a", "GET /v2:run"});
  EXPECT_TRUE(rules.tree().begins("/v1"));
  EXPECT_TRUE(rules.tree().begins("/v1/b/c"));
  EXPECT_TRUE(rules.tree().begins("/v2:run"));
  EXPECT_FALSE(rules.tree().begins("/v3"));
  EXPECT_FALSE(rules.tree().begins("/"));
  EXPECT_TRUE(Rules({"GET /{a=**}"}).tree().begins("/v3"));
}

TEST(PathValues, OneSegmentIsDecodedWhole) {
  const Rules rules({"GET /v1/{a}/{b=*}"});
  EXPECT_THAT(rules.values("/v1/x%2Fy%20%25/%3A"), ElementsAre("x/y %", ":"));
  EXPECT_THAT(rules.values("/v1/%ff/b"), ElementsAre("not UTF-8"));
}

TEST(PathValues, SeveralSegmentsKeepWhatIsReserved) {
  const Rules rules({"GET /v1/{a=x/*}/{b=**}"});
  EXPECT_THAT(rules.values("/v1/x/y%2Fz/p/%3A%20q"), ElementsAre("x/y%2Fz", "p/%3A q"));
  EXPECT_THAT(rules.values("/v1/x/y"), ElementsAre("x/y", ""));
}

TEST(CheckPath, RefusesWhatOthersMayReadOtherwise) {
  EXPECT_TRUE(check_path("/v1/a%20b/.c").ok());
  EXPECT_EQ(check_path("/v1/../a").message(), "the path '/v1/../a' has the segment ..");
  EXPECT_FALSE(check_path("/v1/%2e%2E/a").ok());
  EXPECT_FALSE(check_path("/v1/%2e/a").ok());
  EXPECT_FALSE(check_path("/v1//a").ok());
  EXPECT_FALSE(check_path("/v1/").ok());
  EXPECT_FALSE(check_path("/v1/%2").ok());
  EXPECT_FALSE(check_path("v1").ok());
}

}  // namespace
}  // namespace weft::edge::rest
