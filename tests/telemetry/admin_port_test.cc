// The admin port on sockets: where it may listen, who gets in, when it is ready.

#include <memory>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/rpc/server.h"
#include "weft/telemetry/admin.h"
#include "weft/telemetry/grpc.h"
#include "weft/testing/folder.h"

namespace weft::telemetry {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(AdminPort, ListensOnThisMachine) {
  AdminServer admin{{.listen = "127.0.0.1:0"}};
  ASSERT_EQ(admin.start(), ok_status());
  EXPECT_NE(admin.port(), 0);
}

TEST(AdminPort, RefusesEveryInterfaceWithoutAuthentication) {
  for (const char* listen : {":0", "0.0.0.0:0"}) {
    AdminServer admin{{.listen = listen}};
    const Status status = admin.start();
    EXPECT_EQ(status.code(), StatusCode::InvalidArgument);
    EXPECT_THAT(status.message(), StartsWith("the admin port: listens on "));
    EXPECT_THAT(status.message(), HasSubstr("without authentication"));
    EXPECT_EQ(admin.port(), 0);
  }
}

TEST(AdminPort, MakesItsServerFailToStart) {
  Server server{{.listen = "127.0.0.1:0"}};
  server.add(admin({.listen = ":0"}));
  EXPECT_THAT(server.start().message(), HasSubstr("AdminAccess::Everyone"));
}

TEST(AdminPort, ListensEverywhereWhenToldSo) {
  AdminServer said{{.listen = "0.0.0.0:0", .access = AdminAccess::Everyone}};
  EXPECT_EQ(said.start(), ok_status());
  const testing::Folder folder;
  AdminServer with_token{
      {.listen = "0.0.0.0:0", .token_file = folder.write("token", "0123456789abcdef\n")}};
  EXPECT_EQ(with_token.start(), ok_status());
}

TEST(AdminPort, NeedsATokenThatCannotBeGuessed) {
  const testing::Folder folder;
  AdminServer weak{{.listen = "127.0.0.1:0", .token_file = folder.write("token", "short\n")}};
  EXPECT_THAT(weak.start().message(), HasSubstr("has 5 characters, not 16 to 4096"));
  AdminServer missing{{.listen = "127.0.0.1:0", .token_file = folder.file("none")}};
  EXPECT_THAT(missing.start().message(), HasSubstr("cannot read"));
}

TEST(AdminPort, ATokenHasOneRole) {
  const testing::Folder folder;
  const std::string one = folder.write("one", "0123456789abcdef\n");
  const std::string other = folder.write("other", "fedcba9876543210\n");
  AdminServer same{{.listen = "127.0.0.1:0", .metrics_token_file = one, .change_token_file = one}};
  EXPECT_THAT(same.start().message(), HasSubstr("hold the same token"));
  AdminServer weak{{.listen = "127.0.0.1:0",
                    .metrics_token_file = one,
                    .change_token_file = folder.write("weak", "short\n")}};
  EXPECT_THAT(weak.start().message(), HasSubstr("AdminOptions::change_token_file"));
  AdminServer good{{.listen = "0.0.0.0:0", .metrics_token_file = one, .token_file = other}};
  EXPECT_EQ(good.start(), ok_status());
}

TEST(AdminPort, LetsNobodyChangeTheProgramWithoutAuthentication) {
  AdminServer open{{.listen = "127.0.0.1:0", .changes = AdminChanges::Allowed}};
  EXPECT_THAT(open.start().message(), HasSubstr("AdminOptions::changes"));
  const testing::Folder folder;
  AdminServer with_token{{.listen = "127.0.0.1:0",
                          .token_file = folder.write("token", "0123456789abcdef\n"),
                          .changes = AdminChanges::Allowed}};
  EXPECT_EQ(with_token.start(), ok_status());
  AdminServer unix_socket{
      {.listen = "unix:" + folder.file("admin.sock"), .changes = AdminChanges::Allowed}};
  EXPECT_EQ(unix_socket.start(), ok_status());
}

TEST(AdminPort, MayBeAUnixSocket) {
  const testing::Folder folder;
  AdminServer admin{{.listen = "unix:" + folder.file("admin.sock")}};
  EXPECT_EQ(admin.start(), ok_status());
}

TEST(AdminPort, StartsAgainWhereItsServerDoes) {
  Server server{{.listen = "127.0.0.1:0"}};
  server.add(admin({.listen = "127.0.0.1:0"}));
  server.add(server_metrics({.registry = &registry()}));
  ASSERT_EQ(server.start(), ok_status());
  server.stop();
}

}  // namespace
}  // namespace weft::telemetry
