#include "weft/codec/compression.h"

#include <array>
#include <string>

#include "weft/codec/internal/error.h"
#include "weft/codec/internal/zlib_codec.h"
#include "weft/codec/internal/zstd_codec.h"

namespace weft {

namespace {
constexpr std::array<std::string_view, 4> kNames = {"identity", "gzip", "deflate", "zstd"};
}  // namespace

std::string_view name_of(Compression compression) noexcept {
  const auto index = static_cast<std::size_t>(compression);
  return index < kNames.size() ? kNames[index] : std::string_view("unknown");
}

bool compression_of(std::string_view name, Compression& out) noexcept {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (name != kNames[i]) continue;
    out = static_cast<Compression>(i);
    return true;
  }
  return false;
}

std::string_view CompressionSet::names() const noexcept {
  // Every set there is, in the order of the enumerators.
  constexpr std::array<std::string_view, 8> kLists = {"identity",
                                                      "identity, gzip",
                                                      "identity, deflate",
                                                      "identity, gzip, deflate",
                                                      "identity, zstd",
                                                      "identity, gzip, zstd",
                                                      "identity, deflate, zstd",
                                                      "identity, gzip, deflate, zstd"};
  return kLists[(bits_ >> 1U) % kLists.size()];
}

namespace codec {

Result<Bytes> compress(Compression compression, std::string_view input) {
  switch (compression) {
    case Compression::Identity:
      return Bytes::copy_of(input);
    case Compression::Gzip:
      return internal::zlib_compress(internal::ZlibFormat::Gzip, input);
    case Compression::Deflate:
      return internal::zlib_compress(internal::ZlibFormat::Zlib, input);
    case Compression::Zstd:
      return internal::zstd_compress(input);
  }
  return internal_error("no such compression: " + std::to_string(static_cast<int>(compression)));
}

Result<Bytes> decompress(Compression compression, std::string_view input, std::size_t limit) {
  // Nothing in, nothing out: gRPC's own libraries send an empty message flagged as compressed.
  if (input.empty()) return Bytes();
  switch (compression) {
    case Compression::Identity:
      if (input.size() > limit) {
        return internal::beyond_limit(name_of(compression), input.size(), limit);
      }
      return Bytes::copy_of(input);
    case Compression::Gzip:
      return internal::zlib_decompress(internal::ZlibFormat::Gzip, input, limit);
    case Compression::Deflate:
      return internal::zlib_decompress(internal::ZlibFormat::Zlib, input, limit);
    case Compression::Zstd:
      return internal::zstd_decompress(input, limit);
  }
  return internal_error("no such compression: " + std::to_string(static_cast<int>(compression)));
}

}  // namespace codec
}  // namespace weft
