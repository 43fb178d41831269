#include "weft/security/credentials/internal/token_endpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/net/loop/asio_loop.h"
#include "weft/testing/folder.h"

namespace weft::security::internal {
namespace {

using ::testing::HasSubstr;

TEST(TokenEndpoint, TheLoopGoesOnWhileTheSecretIsRead) {
  const testing::Folder folder;
  net::AsioLoop loop;
  TokenEndpoint endpoint({.token_url = "http://localhost/token",
                          .client_id = "orders",
                          .client_secret_file = folder.file("absent")});
  Task<Result<AccessToken>> asked = endpoint.ask(Form());
  loop.enter([&] {
    asked.start(nullptr,
                {.function = [](void* it) noexcept { static_cast<net::Loop*>(it)->stop(); },
                 .argument = static_cast<net::Loop*>(&loop)});
  });
  ASSERT_FALSE(asked.done()) << "it was read on the loop's thread";
  loop.run();
  EXPECT_THAT(asked.take().status().to_string(),
              HasSubstr("UNAVAILABLE: " + folder.file("absent")));
}

}  // namespace
}  // namespace weft::security::internal
