#include "weft/http2/hpack/internal/huffman.h"

#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "weft/base/rng.h"

namespace weft::http2 {
namespace {

std::vector<std::uint8_t> encode(const std::string& text) {
  std::vector<std::uint8_t> coded(huffman_size(text));
  EXPECT_EQ(huffman_encode(text, coded.data()), coded.data() + coded.size());
  return coded;
}

HuffmanResult decode(const std::vector<std::uint8_t>& coded, std::string& text) {
  std::vector<char> out(huffman_decoded_bound(coded.size()));
  const HuffmanResult result = huffman_decode(coded, out.data());
  if (result.error == nullptr) text.assign(out.data(), result.end);
  return result;
}

TEST(Huffman, CodesEveryByteAtEveryPhase) {
  for (unsigned c = 0; c < 256; ++c) {
    for (std::size_t before = 0; before < 9; ++before) {
      const std::string text = std::string(before, 'a') + static_cast<char>(c) + "z";
      std::string back;
      ASSERT_EQ(decode(encode(text), back).error, nullptr) << c;
      ASSERT_EQ(back, text) << c;
    }
  }
}

TEST(Huffman, ComesBackFromRandomText) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Rng rng(seed);
    std::string text(rng.below(400), ' ');
    for (char& c : text) c = static_cast<char>(rng.below(rng.below(2) == 0 ? 256 : 128));
    std::string back;
    ASSERT_EQ(decode(encode(text), back).error, nullptr) << "seed " << seed;
    ASSERT_EQ(back, text) << "seed " << seed;
  }
}

TEST(Huffman, StaysWithinItsBoundForTheShortestCodes) {
  const std::string text(800, '0');
  EXPECT_EQ(huffman_size(text), 500U);
  EXPECT_EQ(huffman_decoded_bound(500), 800U);
  std::string back;
  EXPECT_EQ(decode(encode(text), back).error, nullptr);
  EXPECT_EQ(back, text);
}

TEST(Huffman, RejectsEosAtEveryPhase) {
  for (std::size_t before = 0; before < 20; ++before) {
    // Drops the padding by using texts of whole bytes: eight characters of five bits.
    std::vector<std::uint8_t> coded = encode(std::string(before * 8, 'a'));
    coded.insert(coded.end(), 4, 0xff);
    std::string back;
    EXPECT_NE(decode(coded, back).error, nullptr);
    coded.insert(coded.end(), 20, 0xff);
    EXPECT_NE(decode(coded, back).error, nullptr);
  }
}

TEST(Huffman, RejectsAWholeByteOfPadding) {
  for (std::size_t length = 0; length < 20; ++length) {
    std::vector<std::uint8_t> coded = encode(std::string(length, 'b'));
    coded.push_back(0xff);
    std::string back;
    EXPECT_NE(decode(coded, back).error, nullptr) << length;
  }
}

}  // namespace
}  // namespace weft::http2
