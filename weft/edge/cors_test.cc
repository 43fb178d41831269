// Pages of other origins.

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/edge/internal/test_edge.h"
#include "weft/testing/frames.h"

namespace weft::edge {
namespace {

using test::Answer;
using test::note;
using test::World;
using testing::EndStream;
using ::testing::HasSubstr;

constexpr std::string_view kOrigin = "access-control-allow-origin";

Answer preflight(World& world, std::string_view origin) {
  return world.answer(world.begin("/test.Notes/Echo", "",
                                  {{"origin", std::string(origin)},
                                   {"access-control-request-method", "POST"},
                                   {"access-control-request-headers", "content-type"}},
                                  "OPTIONS", EndStream::Yes));
}

TEST(EdgeCors, PreflightsAreAnsweredBeforeMiddlewares) {
  World world({}, {.cors = {.origins = {"https://app.example"}, .headers = {"authorization"}}});
  world.server().use([](Call&, const Next&) { return Task<Status>(unauthenticated("who?")); });
  const Answer answer = preflight(world, "https://app.example");
  EXPECT_EQ(answer.status(), "204");
  EXPECT_EQ(answer.field(kOrigin), "https://app.example");
  EXPECT_EQ(answer.field("access-control-allow-methods"), "GET, POST");
  EXPECT_THAT(answer.field("access-control-allow-headers"), HasSubstr("connect-timeout-ms"));
  EXPECT_THAT(answer.field("access-control-allow-headers"), HasSubstr("grpc-timeout"));
  EXPECT_THAT(answer.field("access-control-allow-headers"), HasSubstr("authorization"));
  EXPECT_EQ(answer.field("access-control-max-age"), "7200");
  EXPECT_EQ(answer.field("vary"),
            "origin, access-control-request-method, access-control-request-headers");
  EXPECT_EQ(answer.body, "");
}

TEST(EdgeCors, OtherOriginsAreRefusedByName) {
  World world({}, {.cors = {.origins = {"https://app.example"}}});
  for (const std::string origin : {"https://app.example.evil", "http://app.example", "null"}) {
    const Answer answer = preflight(world, origin);
    EXPECT_EQ(answer.status(), "403");
    EXPECT_EQ(answer.field(kOrigin), "");
    EXPECT_THAT(answer.body, HasSubstr("'" + origin + "'"));
    EXPECT_EQ(world.echo("x", {{"origin", origin}}).field(kOrigin), "");
  }
}

TEST(EdgeCors, CallsAndErrorsCarryTheFields) {
  World world({}, {.cors = {.origins = {"https://app.example"}}});
  const testing::Fields origin{{"origin", "https://app.example"}};
  const Answer good = world.echo("metadata", origin);
  EXPECT_EQ(good.field(kOrigin), "https://app.example");
  EXPECT_EQ(good.field("vary"), "origin");
  EXPECT_EQ(good.field("access-control-expose-headers"), "x-head, x-head-bin, trailer-x-tail");
  EXPECT_EQ(good.field("access-control-allow-credentials"), "");
  for (const std::string text : {"fail", "throw"}) {
    EXPECT_EQ(world.echo(text, origin).field(kOrigin), "https://app.example");
  }
  EXPECT_EQ(world.post("/a/b", "application/json", "{}", origin).field(kOrigin),
            "https://app.example");
  EXPECT_EQ(world.post("/test.Notes/Expand", "application/json", "{}", origin).field(kOrigin),
            "https://app.example");
}

TEST(EdgeCors, PagesSeeGrpcWebsStatus) {
  World world({}, {.cors = {.origins = {"*"}}});
  const testing::Fields origin{{"origin", "https://app.example"}};
  const Answer failed = world.post("/test.Notes/Echo", "application/grpc-web",
                                   testing::grpc_message(note("fail").SerializeAsString()), origin);
  EXPECT_EQ(failed.field(kOrigin), "*");
  EXPECT_EQ(failed.field("vary"), "");
  EXPECT_EQ(failed.field("access-control-expose-headers"),
            "grpc-status, grpc-message, grpc-status-details-bin, x-tail");
  const Answer stream = world.post("/test.Notes/Expand", "application/grpc-web",
                                   testing::grpc_message(note("a").SerializeAsString()), origin);
  EXPECT_EQ(stream.field(kOrigin), "*");
  EXPECT_EQ(stream.field("access-control-expose-headers"), "x-head");
}

TEST(EdgeCors, CredentialsAreAllowedWhereThePolicySaysSo) {
  World world({}, {.cors = {.origins = {"https://app.example"}, .credentials = true}});
  EXPECT_EQ(world.echo("x", {{"origin", "https://app.example"}})
                .field("access-control-allow-credentials"),
            "true");
}

TEST(EdgeCors, CredentialsForEveryOriginEndTheProgram) {
  EXPECT_DEATH(protocols({.cors = {.origins = {"*"}, .credentials = true}}), "every page");
}

TEST(EdgeCors, WithoutAPolicyNothingIsAllowed) {
  World world;
  EXPECT_EQ(preflight(world, "https://app.example").status(), "405");
  const Answer answer = world.echo("x", {{"origin", "https://app.example"}});
  EXPECT_EQ(answer.status(), "200");
  EXPECT_EQ(answer.field(kOrigin), "");
  EXPECT_EQ(answer.field("vary"), "");
}

TEST(EdgeCors, AnswersDifferByOriginForCaches) {
  World world({}, {.cors = {.origins = {"https://app.example"}}});
  EXPECT_EQ(world.echo("x").field("vary"), "origin");
}

}  // namespace
}  // namespace weft::edge
