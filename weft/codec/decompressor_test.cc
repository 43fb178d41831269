#include "weft/codec/decompressor.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/base/rng.h"

namespace weft::codec {
namespace {

using ::testing::HasSubstr;

constexpr std::array<Compression, 4> kEncodings = {Compression::Identity, Compression::Gzip,
                                                   Compression::Deflate, Compression::Zstd};
constexpr std::array<Compression, 2> kOfSeries = {Compression::Gzip, Compression::Zstd};

std::uint64_t seed() {
  const char* text = std::getenv("WEFT_SEED");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : 20260102;
}

std::string compressed(Compression encoding, std::string_view text) {
  Result<Bytes> result = compress(encoding, text);
  EXPECT_TRUE(result.ok()) << result.status().to_string();
  return result.ok() ? result->to_string() : std::string();
}

/// All of `input` in pieces of at most `in` bytes, read in pieces of at most `out`: the text, or
/// the status in words.
std::string decoded(Compression encoding, std::string_view input, std::size_t in, std::size_t out) {
  Decompressor decompressor(encoding);
  std::string text;
  std::string room(out, '\0');
  for (;;) {
    std::string_view piece = input.substr(0, in);
    input.remove_prefix(piece.size());
    for (;;) {
      const Result<std::size_t> made = decompressor.next(piece, room);
      if (!made.ok()) return made.status().to_string();
      text.append(room, 0, *made);
      if (*made == 0) break;
    }
    EXPECT_TRUE(piece.empty());
    if (input.empty()) break;
  }
  const Status end = decompressor.end();
  return end.ok() ? text : end.to_string();
}

std::string random_text(Rng& rng) {
  std::string text;
  const std::size_t size = rng.below(20'000);
  while (text.size() < size) {
    text.append(rng.below(200), static_cast<char>(rng()));
    text += static_cast<char>(rng());
  }
  return text;
}

TEST(Decompressor, DecodesHoweverTheBytesAreSplit) {
  std::cout << "WEFT_SEED=" << seed() << "\n";
  Rng rng(seed());
  for (int i = 0; i < 200; ++i) {
    const std::string text = random_text(rng);
    for (const Compression encoding : kEncodings) {
      const std::string got =
          decoded(encoding, compressed(encoding, text), rng.below(300) + 1, rng.below(3000) + 1);
      EXPECT_TRUE(got == text) << name_of(encoding) << " of round " << i;
    }
  }
}

TEST(Decompressor, TakesASeriesOfMembers) {
  for (const Compression encoding : kOfSeries) {
    const std::string input =
        compressed(encoding, "one") + compressed(encoding, "") + compressed(encoding, "two");
    for (std::size_t in = 1; in <= input.size(); ++in) {
      EXPECT_EQ(decoded(encoding, input, in, 2), "onetwo") << name_of(encoding) << in;
    }
  }
}

TEST(Decompressor, SaysThatItsInputIsTruncated) {
  for (const Compression encoding : {Compression::Gzip, Compression::Deflate, Compression::Zstd}) {
    const std::string whole = compressed(encoding, std::string(500, 'a') + "b");
    for (std::size_t size = 1; size < whole.size(); ++size) {
      EXPECT_THAT(decoded(encoding, whole.substr(0, size), 7, 100), HasSubstr("it is truncated"))
          << name_of(encoding) << size;
    }
    EXPECT_EQ(decoded(encoding, "", 1, 1), "");
  }
}

TEST(Decompressor, RefusesWhatIsBroken) {
  EXPECT_THAT(decoded(Compression::Gzip, "no gzip at all", 3, 100),
              HasSubstr("INTERNAL: a gzip message of"));
  EXPECT_THAT(decoded(Compression::Zstd, "no zstd at all", 20, 100),
              HasSubstr("INTERNAL: a zstd message of"));
  EXPECT_THAT(decoded(Compression::Deflate, compressed(Compression::Deflate, "a") + "b", 100, 100),
              HasSubstr("bytes follow its end"));
  EXPECT_THAT(decoded(Compression::Gzip, compressed(Compression::Gzip, "a") + "b", 100, 100),
              HasSubstr("INTERNAL"));
}

TEST(Decompressor, GivesNoMoreThanItIsAskedFor) {
  const std::string bomb = compressed(Compression::Gzip, std::string(10'000'000, 'a'));
  Decompressor decompressor(Compression::Gzip);
  std::string_view rest = bomb;
  std::array<char, 100> room;
  for (int i = 0; i < 1000; ++i) {
    const Result<std::size_t> made = decompressor.next(rest, room);
    ASSERT_TRUE(made.ok());
    EXPECT_EQ(*made, room.size());
  }
  EXPECT_FALSE(decompressor.end().ok());
}

}  // namespace
}  // namespace weft::codec
