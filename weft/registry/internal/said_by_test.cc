#include "weft/registry/internal/said_by.h"

#include <gtest/gtest.h>

namespace weft::registry {
namespace {

TEST(SaidBy, NamesTheAddressOnce) {
  EXPECT_EQ(said_by("registry", "h:7070", unavailable("it ended the watch")),
            unavailable("registry h:7070: it ended the watch"));
  const Status refused(StatusCode::Unavailable, "h:7070: connection refused", Origin::Transport);
  EXPECT_EQ(said_by("registry", "h:7070", refused),
            unavailable("registry h:7070: connection refused"));
  EXPECT_EQ(said_by("registry", "h:7070", refused).origin(), Origin::Transport);
  EXPECT_TRUE(said_by("registry", "h:7070", ok_status()).ok());
}

}  // namespace
}  // namespace weft::registry
