#include "weft/codec/compression.h"

#include <array>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <zstd.h>

#include "weft/base/rng.h"

namespace weft::codec {
namespace {

constexpr std::size_t kNoLimit = std::size_t{1} << 40;
constexpr std::array<Compression, 3> kEncodings = {Compression::Gzip, Compression::Deflate,
                                                   Compression::Zstd};

std::uint64_t seed() {
  const char* text = std::getenv("WEFT_SEED");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : 20260101;
}

std::string compressed(Compression encoding, std::string_view text) {
  Result<Bytes> result = compress(encoding, text);
  EXPECT_TRUE(result.ok()) << result.status().to_string();
  return result.ok() ? result->to_string() : std::string();
}

/// A mix of runs and noise, so that literals and matches of all lengths occur.
std::string random_text(Rng& rng, std::size_t size) {
  std::string text;
  while (text.size() < size) {
    const std::size_t n = rng.below(300) + 1;
    if (rng.below(2) == 0) {
      text.append(n, static_cast<char>(rng()));
    } else {
      for (std::size_t i = 0; i < n; ++i) text += static_cast<char>(rng());
    }
  }
  text.resize(size);
  return text;
}

/// A zstd frame that does not tell the size of its content.
std::string zstd_stream(std::string_view text, int window_log = 0) {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  if (window_log != 0) ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
  std::string out(ZSTD_compressBound(text.size()) + 64, '\0');
  ZSTD_inBuffer in{text.data(), text.size(), 0};
  ZSTD_outBuffer to{out.data(), out.size(), 0};
  // Flushed before it ends, so that the encoder cannot know the size and choose a smaller window.
  while (ZSTD_compressStream2(context, &to, &in, ZSTD_e_flush) != 0) {
  }
  while (ZSTD_compressStream2(context, &to, &in, ZSTD_e_end) != 0) {
  }
  ZSTD_freeCCtx(context);
  out.resize(to.pos);
  return out;
}

TEST(Compression, NamesAreThoseOfTheWire) {
  for (Compression encoding :
       {Compression::Identity, Compression::Gzip, Compression::Deflate, Compression::Zstd}) {
    Compression found{};
    ASSERT_TRUE(compression_of(name_of(encoding), found));
    EXPECT_EQ(found, encoding);
    EXPECT_NE(CompressionSet::all().names().find(name_of(encoding)), std::string_view::npos);
  }
  EXPECT_EQ(name_of(Compression::Deflate), "deflate");
}

TEST(CompressionSet, NamesItsMembersInTheirOrder) {
  EXPECT_EQ(CompressionSet().names(), "identity");
  EXPECT_EQ(CompressionSet({Compression::Gzip}).names(), "identity, gzip");
  EXPECT_EQ(CompressionSet({Compression::Zstd, Compression::Deflate}).names(),
            "identity, deflate, zstd");
  EXPECT_EQ(CompressionSet::all().names(), "identity, gzip, deflate, zstd");
  EXPECT_TRUE(CompressionSet().contains(Compression::Identity));
  EXPECT_FALSE(CompressionSet({Compression::Gzip}).contains(Compression::Zstd));
}

TEST(Compression, UnknownNamesAreNone) {
  for (std::string_view name : {"", "br", "Gzip", "gzip ", "snappy", "identity,gzip"}) {
    Compression untouched = Compression::Zstd;
    EXPECT_FALSE(compression_of(name, untouched)) << name;
    EXPECT_EQ(untouched, Compression::Zstd);
  }
}

TEST(Compression, TextComesBackAsItWas) {
  const std::uint64_t start = seed();
  SCOPED_TRACE("WEFT_SEED=" + std::to_string(start));
  Rng rng(start);
  for (std::size_t size : {0, 1, 5, 100, 223, 224, 225, 4096, 65535, 65536, 300000}) {
    const std::string text = random_text(rng, size);
    for (Compression encoding :
         {Compression::Identity, kEncodings[0], kEncodings[1], kEncodings[2]}) {
      Result<Bytes> back = decompress(encoding, compressed(encoding, text), kNoLimit);
      ASSERT_TRUE(back.ok()) << back.status().to_string();
      EXPECT_EQ(back->view(), text) << name_of(encoding) << " of " << size;
    }
  }
}

TEST(Compression, RandomSizesComeBackAtTheirExactLimit) {
  const std::uint64_t start = seed() + 1;
  SCOPED_TRACE("WEFT_SEED=" + std::to_string(start - 1));
  Rng rng(start);
  for (int round = 0; round < 300; ++round) {
    const std::string text = random_text(rng, rng.below(5000));
    const Compression encoding = kEncodings[rng.below(3)];
    const std::string wire = compressed(encoding, text);
    Result<Bytes> back = decompress(encoding, wire, text.size());
    ASSERT_TRUE(back.ok()) << back.status().to_string();
    ASSERT_EQ(back->view(), text);
    if (text.empty()) continue;
    Result<Bytes> cut = decompress(encoding, wire, text.size() - 1);
    ASSERT_FALSE(cut.ok());
    ASSERT_EQ(cut.status().code(), StatusCode::ResourceExhausted) << cut.status().to_string();
  }
}

TEST(Compression, RepetitiveTextShrinks) {
  const std::string text(100000, 'x');
  for (Compression encoding : kEncodings) EXPECT_LT(compressed(encoding, text).size(), 1000U);
}

TEST(Compression, SmallResultsDoNotPinLargeBlocks) {
  const std::string text(std::size_t{4} << 20, 'x');
  for (Compression encoding : kEncodings) {
    Result<Bytes> wire = compress(encoding, text);
    ASSERT_TRUE(wire.ok());
    EXPECT_LT(wire->pinned(), wire->size() * 8 + 1024) << name_of(encoding);
  }
}

TEST(Decompression, ErrorsNameSizesAndTheLimit) {
  const std::string wire = compressed(Compression::Gzip, std::string(5000, 'x'));
  Result<Bytes> result = decompress(Compression::Gzip, wire, 4096);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.status().message(),
            "a gzip message of " + std::to_string(wire.size()) +
                " bytes decompresses to more than the limit of 4096 bytes");
}

TEST(Decompression, IdentityKeepsToTheLimitToo) {
  EXPECT_TRUE(decompress(Compression::Identity, "12345", 5).ok());
  Result<Bytes> result = decompress(Compression::Identity, "123456", 5);
  EXPECT_EQ(result.status().code(), StatusCode::ResourceExhausted);
}

TEST(Decompression, ABombStopsAtTheLimit) {
  const std::string zeros(std::size_t{64} << 20, '\0');
  for (Compression encoding : kEncodings) {
    Result<Bytes> result = decompress(encoding, compressed(encoding, zeros), 1 << 20);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.status().code(), StatusCode::ResourceExhausted);
  }
  Result<Bytes> streamed = decompress(Compression::Zstd, zstd_stream(zeros), 1 << 20);
  EXPECT_EQ(streamed.status().code(), StatusCode::ResourceExhausted);
}

TEST(Decompression, NothingIsAnEmptyMessage) {
  for (Compression encoding : kEncodings) {
    Result<Bytes> result = decompress(encoding, "", 0);
    ASSERT_TRUE(result.ok());
    EXPECT_TRUE(result->empty());
  }
}

TEST(Decompression, AMessageCutAnywhereIsBroken) {
  std::string text = "a message that is long enough to have a few symbols, symbols, symbols";
  for (Compression encoding : kEncodings) {
    const std::string wire = compressed(encoding, text);
    for (std::size_t size = 1; size < wire.size(); ++size) {
      Result<Bytes> result = decompress(encoding, wire.substr(0, size), kNoLimit);
      ASSERT_FALSE(result.ok()) << name_of(encoding) << " cut at " << size;
      EXPECT_EQ(result.status().code(), StatusCode::Internal);
      EXPECT_NE(result.status().message().find(name_of(encoding)), std::string_view::npos);
    }
  }
}

TEST(Decompression, ACutMessageIsCalledTruncated) {
  const std::string wire = compressed(Compression::Gzip, "hello");
  Result<Bytes> result = decompress(Compression::Gzip, wire.substr(0, wire.size() - 1), 100);
  EXPECT_EQ(result.status().message(), "a gzip message of " + std::to_string(wire.size() - 1) +
                                           " bytes is broken: it is truncated");
}

TEST(Decompression, TrailingGarbageIsBroken) {
  for (Compression encoding : kEncodings) {
    for (std::string_view tail : {std::string_view("x"), std::string_view("\0\0\0\0", 4),
                                  std::string_view("garbage that is longer than a header")}) {
      const std::string wire = compressed(encoding, "hello").append(tail);
      Result<Bytes> result = decompress(encoding, wire, 1000);
      ASSERT_FALSE(result.ok()) << name_of(encoding);
      EXPECT_EQ(result.status().code(), StatusCode::Internal);
    }
  }
}

TEST(Decompression, EveryFlippedBitIsNoticedOrHarmless) {
  const std::string text = "checked by an Adler-32, a CRC-32 or by nothing: never a crash";
  for (Compression encoding : kEncodings) {
    const std::string wire = compressed(encoding, text);
    for (std::size_t bit = 0; bit < wire.size() * 8; ++bit) {
      std::string broken = wire;
      broken[bit / 8] = static_cast<char>(broken[bit / 8] ^ (1 << bit % 8));
      Result<Bytes> result = decompress(encoding, broken, 1000);
      if (!result.ok() || encoding == Compression::Zstd) continue;
      // The two checksums leave only header bits that nobody reads (time, system).
      EXPECT_EQ(result->view(), text) << name_of(encoding) << " bit " << bit;
    }
  }
}

TEST(Decompression, OtherFormatsAreNotMistaken) {
  for (Compression encoding : kEncodings) {
    for (Compression other : kEncodings) {
      if (encoding == other) continue;
      Result<Bytes> result = decompress(other, compressed(encoding, "hello"), 1000);
      EXPECT_EQ(result.status().code(), StatusCode::Internal)
          << name_of(encoding) << " read as " << name_of(other);
    }
  }
}

TEST(Decompression, GzipMembersAreJoined) {
  const std::string wire = compressed(Compression::Gzip, "hello, ") +
                           compressed(Compression::Gzip, "") +
                           compressed(Compression::Gzip, std::string(5000, 'w'));
  Result<Bytes> result = decompress(Compression::Gzip, wire, 5007);
  ASSERT_TRUE(result.ok()) << result.status().to_string();
  EXPECT_EQ(result->view(), "hello, " + std::string(5000, 'w'));
  EXPECT_EQ(decompress(Compression::Gzip, wire, 5006).status().code(),
            StatusCode::ResourceExhausted);
}

TEST(Decompression, DeflateStreamsAreNotJoined) {
  const std::string wire = compressed(Compression::Deflate, "one");
  Result<Bytes> result = decompress(Compression::Deflate, wire + wire, 100);
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.status().message().find("bytes follow its end"), std::string_view::npos);
}

TEST(Decompression, AGzipMemberThatLiesAboutItsSizeIsBroken) {
  std::string wire = compressed(Compression::Gzip, "hello");
  for (char last : {'\0', '\1', '\xff'}) {
    wire.back() = last;
    Result<Bytes> result = decompress(Compression::Gzip, wire, 1 << 20);
    EXPECT_EQ(result.ok(), last == '\0');
  }
}

TEST(Decompression, ZstdFramesAreJoined) {
  const std::string_view skippable("\x50\x2a\x4d\x18\x03\0\0\0abc", 11);
  std::string wire = compressed(Compression::Zstd, "one ");
  wire.append(zstd_stream("two ")).append(skippable).append(compressed(Compression::Zstd, "three"));
  Result<Bytes> result = decompress(Compression::Zstd, wire, 13);
  ASSERT_TRUE(result.ok()) << result.status().to_string();
  EXPECT_EQ(result->view(), "one two three");
  EXPECT_EQ(decompress(Compression::Zstd, wire, 12).status().code(), StatusCode::ResourceExhausted);
}

TEST(Decompression, ZstdFramesNeedNotTellTheirSize) {
  Rng rng(7);
  const std::string text = random_text(rng, 200000);
  const std::string wire = zstd_stream(text);
  ASSERT_EQ(ZSTD_getFrameContentSize(wire.data(), wire.size()), ZSTD_CONTENTSIZE_UNKNOWN);
  Result<Bytes> result = decompress(Compression::Zstd, wire, text.size());
  ASSERT_TRUE(result.ok()) << result.status().to_string();
  EXPECT_EQ(result->view(), text);
  EXPECT_EQ(decompress(Compression::Zstd, wire, text.size() - 1).status().code(),
            StatusCode::ResourceExhausted);
}

TEST(Decompression, AZstdWindowBeyondEightMebibytesIsRefused) {
  Result<Bytes> result = decompress(Compression::Zstd, zstd_stream("hello", 27), 1000);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.status().code(), StatusCode::Internal);
  EXPECT_TRUE(decompress(Compression::Zstd, zstd_stream("hello", 23), 1000).ok());
}

TEST(Decompression, AZstdFrameThatClaimsTheImpossibleIsRefused) {
  // Magic, descriptor (single segment, 8-byte content size), 2^32 bytes, and one last empty raw
  // block.
  const std::string_view wire("\x28\xb5\x2f\xfd\xe0\0\0\0\0\1\0\0\0\1\0\0", 16);
  Result<Bytes> result = decompress(Compression::Zstd, wire, kNoLimit);
  EXPECT_EQ(result.status().code(), StatusCode::Internal);
  EXPECT_NE(result.status().message().find("lies about its size"), std::string_view::npos);
}

TEST(Decompression, AZlibDictionaryIsRefused) {
  const std::string_view wire("\x78\xbb\x00\x01\x02\x03\x00\x00", 8);
  Result<Bytes> result = decompress(Compression::Deflate, wire, 1000);
  EXPECT_NE(result.status().message().find("preset dictionary"), std::string_view::npos);
}

TEST(Decompression, RandomBytesNeverCrashAndKeepToTheLimit) {
  const std::uint64_t start = seed() + 2;
  SCOPED_TRACE("WEFT_SEED=" + std::to_string(start - 2));
  Rng rng(start);
  for (int round = 0; round < 2000; ++round) {
    std::string wire = compressed(kEncodings[rng.below(3)], random_text(rng, rng.below(400)));
    for (std::size_t flips = rng.below(8); flips > 0 && !wire.empty(); --flips) {
      wire[rng.below(wire.size())] = static_cast<char>(rng());
    }
    Result<Bytes> result = decompress(kEncodings[rng.below(3)], wire, 300);
    EXPECT_TRUE(!result.ok() || result->size() <= 300U);
  }
}

TEST(Decompression, AFailureLeavesTheThreadsContextUsable) {
  for (Compression encoding : kEncodings) {
    const std::string wire = compressed(encoding, "hello");
    EXPECT_FALSE(decompress(encoding, wire.substr(0, wire.size() / 2), 100).ok());
    EXPECT_FALSE(decompress(encoding, wire, 2).ok());
    Result<Bytes> result = decompress(encoding, wire, 100);
    ASSERT_TRUE(result.ok()) << result.status().to_string();
    EXPECT_EQ(result->view(), "hello");
  }
}

TEST(Compression, ThreadsDoNotShareContexts) {
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      Rng rng(t);
      for (int round = 0; round < 50; ++round) {
        const std::string text = random_text(rng, rng.below(3000));
        for (Compression encoding : kEncodings) {
          Result<Bytes> back = decompress(encoding, compressed(encoding, text), text.size());
          EXPECT_TRUE(back.ok() && back->view() == text);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace weft::codec
