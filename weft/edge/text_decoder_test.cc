#include "weft/edge/internal/text_decoder.h"

#include <string>

#include <gtest/gtest.h>

namespace weft::edge {
namespace {

/// What comes of `text` in parts of `step` characters; "refused" where it is not taken.
std::string decoded(std::string_view text, std::size_t step) {
  TextDecoder decoder;
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += step) {
    if (!decoder.push(text.substr(at, step), out)) return "refused";
  }
  return decoder.at_boundary() ? out : "cut off";
}

TEST(EdgeText, IsReadHoweverItIsSplit) {
  for (std::size_t step = 1; step < 30; ++step) {
    EXPECT_EQ(decoded("aGVsbG8gdGhlcmU=", step), "hello there") << step;
  }
}

TEST(EdgeText, MayHavePaddingWithin) {
  for (std::size_t step = 1; step < 30; ++step) {
    EXPECT_EQ(decoded("YQ==YmI=Y2Njcw==ZA==", step), "abbcccsd") << step;
  }
}

TEST(EdgeText, ThatIsNoBase64IsRefused) {
  for (std::size_t step = 1; step < 9; ++step) {
    EXPECT_EQ(decoded("YQ=Y", step), "refused") << step;
    EXPECT_EQ(decoded("!aaa", step), "refused") << step;
    EXPECT_EQ(decoded("aaaa====", step), "refused") << step;
    EXPECT_EQ(decoded("aa aa aa", step), "refused") << step;
  }
}

TEST(EdgeText, ThatIsCutOffIsNotWhole) { EXPECT_EQ(decoded("aGVsbG8", 3), "cut off"); }

TEST(EdgeText, IsWrittenWithPadding) {
  std::string out;
  append_text("a", out);
  append_text("bb", out);
  append_text("ccc", out);
  EXPECT_EQ(out, "YQ==YmI=Y2Nj");
}

}  // namespace
}  // namespace weft::edge
