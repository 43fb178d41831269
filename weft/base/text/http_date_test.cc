#include "weft/base/text/http_date.h"

#include <gtest/gtest.h>

namespace weft {
namespace {

TEST(HttpDate, IsOfOneLength) {
  EXPECT_EQ(http_date(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(current_http_date().size(), http_date(0).size());
}

}  // namespace
}  // namespace weft
