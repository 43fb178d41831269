#include "weft/base/text/copy_text.h"

#include <string>

#include <gtest/gtest.h>

namespace weft {
namespace {

TEST(CopyText, CopiesEachSizeAndNothingBeside) {
  for (std::size_t size = 0; size <= 200; ++size) {
    SCOPED_TRACE(size);
    std::string from;
    for (std::size_t i = 0; i < size; ++i) from += static_cast<char>('a' + i % 26);
    std::string to(size + 2, '.');
    copy_text(to.data() + 1, from.data(), size);
    EXPECT_EQ(to, "." + from + ".");
  }
}

TEST(CopyText, AllowsNothingWithoutAnAddress) {
  char to = '.';
  copy_text(&to, nullptr, 0);
  EXPECT_EQ(to, '.');
}

}  // namespace
}  // namespace weft
