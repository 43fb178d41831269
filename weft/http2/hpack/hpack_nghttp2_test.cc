// HPACK held against nghttp2's, both ways: the same lists, the same verdict on broken blocks, and
// the same contents of the tables in between (the next blocks would differ otherwise).

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include "weft/base/rng.h"
#include "weft/http2/hpack/hpack.h"

namespace weft::http2 {
namespace {

using Block = std::vector<std::uint8_t>;
using Field = std::pair<std::string, std::string>;
using List = std::vector<Field>;
using Outcome = HpackDecoder::Outcome;

class TheirDecoder {
 public:
  TheirDecoder() { nghttp2_hd_inflate_new(&inflater_); }
  TheirDecoder(const TheirDecoder&) = delete;
  TheirDecoder& operator=(const TheirDecoder&) = delete;
  ~TheirDecoder() { nghttp2_hd_inflate_del(inflater_); }

  void set_max_table_size(std::size_t size) {
    nghttp2_hd_inflate_change_table_size(inflater_, size);
  }
  /// False for a block that is malformed.
  bool decode(const Block& block, List& list) {
    list.clear();
    const std::uint8_t* at = block.data();
    std::size_t left = block.size();
    for (;;) {
      nghttp2_nv field;
      int flags = 0;
      const auto used = nghttp2_hd_inflate_hd2(inflater_, &field, &flags, at, left, 1);
      if (used < 0) return false;
      at += used;
      left -= static_cast<std::size_t>(used);
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
        list.emplace_back(std::string(reinterpret_cast<char*>(field.name), field.namelen),
                          std::string(reinterpret_cast<char*>(field.value), field.valuelen));
      }
      if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) {
        nghttp2_hd_inflate_end_headers(inflater_);
        return true;
      }
    }
  }
  std::size_t table_bytes() { return nghttp2_hd_inflate_get_dynamic_table_size(inflater_); }

 private:
  nghttp2_hd_inflater* inflater_ = nullptr;
};

class TheirEncoder {
 public:
  TheirEncoder() { nghttp2_hd_deflate_new(&deflater_, 65536); }
  TheirEncoder(const TheirEncoder&) = delete;
  TheirEncoder& operator=(const TheirEncoder&) = delete;
  ~TheirEncoder() { nghttp2_hd_deflate_del(deflater_); }

  void set_max_table_size(std::size_t size) {
    nghttp2_hd_deflate_change_table_size(deflater_, size);
  }
  Block encode(const List& list) {
    std::vector<nghttp2_nv> fields;
    for (const auto& [name, value] : list) {
      fields.push_back(
          {bytes_of(name), bytes_of(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
    }
    Block block(nghttp2_hd_deflate_bound(deflater_, fields.data(), fields.size()));
    const auto size =
        nghttp2_hd_deflate_hd(deflater_, block.data(), block.size(), fields.data(), fields.size());
    EXPECT_GE(size, 0);
    block.resize(static_cast<std::size_t>(size));
    return block;
  }

 private:
  static std::uint8_t* bytes_of(const std::string& text) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  }
  nghttp2_hd_deflater* deflater_ = nullptr;
};

Block our_encoding(HpackEncoder& encoder, const List& list, Rng& rng) {
  std::vector<HeaderField> fields;
  for (const auto& [name, value] : list) {
    fields.push_back({.name = name,
                      .value = value,
                      .token = rng.below(4) == 0 ? Token::Other : token_of(name),
                      .sensitive = rng.below(16) == 0});
  }
  // Memory of exactly the bound lets AddressSanitizer see a bound that is too low.
  Block block(encoder.bound(fields));
  const std::uint8_t* end = encoder.encode(fields, block.data());
  block.resize(static_cast<std::size_t>(end - block.data()));
  return block;
}

List list_of(const HpackDecoder& decoder) {
  List list;
  for (const HeaderField& field : decoder.fields()) {
    EXPECT_EQ(field.token, token_of(field.name)) << field.name;
    list.emplace_back(field.name, field.value);
  }
  return list;
}

std::string hex(const Block& block) {
  std::string out;
  for (const std::uint8_t byte : block) {
    out += "0123456789abcdef"[byte >> 4];
    out += "0123456789abcdef"[byte & 15];
  }
  return out;
}

HpackDecoder::Limits no_list_limit() { return {.list_size = std::size_t{1} << 40}; }

/// What gRPC peers and browsers send, with the parts that change from call to call.
List recorded(Rng& rng) {
  const std::string number = std::to_string(rng.below(1000));
  switch (rng.below(5)) {
    case 0:
      return {{":method", "POST"},
              {":scheme", "http"},
              {":path", "/helloworld.Greeter/SayHello" + std::to_string(rng.below(12))},
              {":authority", "localhost:50051"},
              {"te", "trailers"},
              {"content-type", "application/grpc"},
              {"user-agent", "grpc-c++/1.51.1 grpc-c/29.0.0 (linux; chttp2)"},
              {"grpc-accept-encoding", "identity, deflate, gzip"},
              {"grpc-timeout", number + "m"},
              {"x-request-id", number + "-" + std::to_string(rng())}};
    case 1:
      return {{":status", "200"},
              {"content-type", "application/grpc"},
              {"grpc-encoding", "identity"},
              {"grpc-accept-encoding", "gzip"}};
    case 2:
      return {{"grpc-status", std::to_string(rng.below(17))},
              {"grpc-message", "no such thing: " + number}};
    case 3:
      return {{":method", "GET"},
              {":scheme", "https"},
              {":path", "/index.html?q=" + number},
              {":authority", "www.example.com"},
              {"accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"},
              {"accept-encoding", "gzip, deflate"},
              {"cookie", "session=" + number},
              {"cookie", "long-lived-preference=" + std::to_string(rng.below(3))},
              {"authorization", "Bearer " + number}};
    default:
      return {{":status", std::to_string(200 + rng.below(5))},
              {"date", "Mon, 21 Oct 2013 20:13:" + std::to_string(10 + rng.below(50)) + " GMT"},
              {"content-length", number},
              {"set-cookie", "a=" + number + "; path=/"},
              {"tenant-bin", std::string("\x00\xff\x10\x80", 4)}};
  }
}

std::string random_text(Rng& rng, std::size_t longest) {
  // Lengths around what one- and two-byte integers hold, and any byte.
  std::size_t size = rng.below(rng.below(8) == 0 ? longest + 1 : 24);
  if (rng.below(40) == 0) size = 120 + rng.below(20);
  const bool any_byte = rng.below(3) == 0;
  std::string text(size, ' ');
  for (char& c : text) c = static_cast<char>(any_byte ? rng.below(256) : ' ' + rng.below(95));
  return text;
}

List random_list(Rng& rng) {
  static constexpr std::string_view kNames[] = {
      ":path", ":status", ":method", ":authority", "cookie",  "grpc-timeout", "grpc-status",
      "etag",  "via",     "x-a",     "x-b",        "x-c-bin", "traceparent",  "authorization"};
  List list;
  for (std::size_t n = rng.below(12); n > 0; --n) {
    std::string name = rng.below(4) == 0 ? "n" + random_text(rng, 300)
                                         : std::string(kNames[rng.below(std::size(kNames))]);
    std::string value = rng.below(2) == 0 ? std::to_string(rng.below(4)) : random_text(rng, 3000);
    list.emplace_back(std::move(name), std::move(value));
  }
  return list;
}

List any_list(Rng& rng) { return rng.below(2) == 0 ? recorded(rng) : random_list(rng); }

std::size_t any_table_size(Rng& rng) {
  static constexpr std::size_t kSizes[] = {0, 31, 64, 100, 333, 1024, 4096, 4096, 10000};
  return kSizes[rng.below(std::size(kSizes))];
}

constexpr std::uint64_t kSeeds = 60;
constexpr int kBlocks = 60;

TEST(HpackAgainstNghttp2, TheyDecodeWhatWeEncode) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    HpackEncoder ours;
    TheirDecoder theirs;
    HpackDecoder check(no_list_limit());
    for (int i = 0; i < kBlocks; ++i) {
      for (; rng.below(6) == 0;) {
        const std::size_t size = any_table_size(rng);
        ours.set_max_table_size(size);
        theirs.set_max_table_size(size);
        check.set_max_table_size(size);
      }
      const List list = any_list(rng);
      const Block block = our_encoding(ours, list, rng);
      List got;
      if (block.empty()) continue;
      ASSERT_TRUE(theirs.decode(block, got)) << hex(block);
      ASSERT_EQ(got, list) << hex(block);
      ASSERT_EQ(check.decode(block), Outcome::Ok) << check.error() << ' ' << hex(block);
      ASSERT_EQ(list_of(check), list);
      ASSERT_EQ(check.table_bytes(), theirs.table_bytes());
    }
  }
}

TEST(HpackAgainstNghttp2, WeDecodeWhatTheyEncode) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    TheirEncoder theirs;
    HpackDecoder ours({.table_size = 65536, .list_size = std::size_t{1} << 40});
    for (int i = 0; i < kBlocks; ++i) {
      for (; rng.below(6) == 0;) {
        const std::size_t size = any_table_size(rng) * (1 + rng.below(3));
        theirs.set_max_table_size(size);
        ours.set_max_table_size(size);
      }
      const List list = any_list(rng);
      const Block block = theirs.encode(list);
      ASSERT_EQ(ours.decode(block), Outcome::Ok) << ours.error() << ' ' << hex(block);
      ASSERT_EQ(list_of(ours), list) << hex(block);
    }
  }
}

Block mutated(Block block, Rng& rng) {
  for (std::size_t n = 1 + rng.below(3); n > 0 && !block.empty(); --n) {
    const auto at = block.begin() + static_cast<std::ptrdiff_t>(rng.below(block.size()));
    switch (rng.below(5)) {
      case 0:
        *at ^= static_cast<std::uint8_t>(1U << rng.below(8));
        break;
      case 1:
        *at = static_cast<std::uint8_t>(rng.below(256));
        break;
      case 2:
        block.erase(at, std::min(at + static_cast<std::ptrdiff_t>(rng.below(4)), block.end()));
        break;
      case 3:
        block.insert(at, 1 + rng.below(3), static_cast<std::uint8_t>(rng.below(256)));
        break;
      default:
        static constexpr std::uint8_t kEdges[] = {0x00, 0x20, 0x3f, 0x40, 0x7f, 0x80, 0xbe, 0xff};
        *at = kEdges[rng.below(std::size(kEdges))];
    }
  }
  return block;
}

/// Two decoders that must agree on every block until one (and so both) rejects.
struct Pair {
  HpackDecoder ours{no_list_limit()};
  TheirDecoder theirs;

  /// False once the connection is over.
  bool decode(const Block& block) {
    List got;
    const bool accepted = theirs.decode(block, got);
    const Outcome outcome = ours.decode(block);
    EXPECT_EQ(outcome, accepted ? Outcome::Ok : Outcome::CompressionError)
        << ours.error() << ' ' << hex(block);
    if (!accepted || outcome != Outcome::Ok) return false;
    EXPECT_EQ(list_of(ours), got) << hex(block);
    EXPECT_EQ(ours.table_bytes(), theirs.table_bytes()) << hex(block);
    return !testing::Test::HasFailure();
  }
};

TEST(HpackAgainstNghttp2, BothAgreeOnMutatedBlocks) {
  int rejected = 0;
  int accepted = 0;
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    HpackEncoder our_encoder;
    TheirEncoder their_encoder;
    Pair pair;
    const bool from_us = rng.below(2) == 0;
    for (int i = 0; i < 12; ++i) {
      if (rng.below(10) == 0) {
        const std::size_t size = any_table_size(rng);
        pair.ours.set_max_table_size(size);
        pair.theirs.set_max_table_size(size);
        if (rng.below(4) != 0) {
          our_encoder.set_max_table_size(size);
          their_encoder.set_max_table_size(size);
        }
      }
      const List list = any_list(rng);
      Block block = from_us ? our_encoding(our_encoder, list, rng) : their_encoder.encode(list);
      if (rng.below(2) == 0) block = mutated(std::move(block), rng);
      if (!pair.decode(block)) {
        ++rejected;
        break;
      }
      ++accepted;
    }
    ASSERT_FALSE(testing::Test::HasFailure());
  }
  EXPECT_GT(rejected, 1000);
  EXPECT_GT(accepted, 1000);
}

TEST(HpackAgainstNghttp2, BothAgreeOnRandomBytes) {
  for (std::uint64_t seed = 0; seed < 20000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    Pair pair;
    for (int i = 0; i < 4; ++i) {
      Block block(1 + rng.below(24));
      for (std::uint8_t& byte : block) byte = static_cast<std::uint8_t>(rng.below(256));
      if (!pair.decode(block)) break;
    }
    ASSERT_FALSE(testing::Test::HasFailure());
  }
}

}  // namespace
}  // namespace weft::http2
