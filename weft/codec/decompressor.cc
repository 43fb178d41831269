#include "weft/codec/decompressor.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "weft/codec/internal/error.h"
#include "weft/codec/internal/stream_decoder.h"

namespace weft::codec {

namespace internal {

namespace {

class Copy final : public StreamDecoder {
 public:
  Result<std::size_t> next(std::string_view& input, std::span<char> into) override {
    const std::size_t size = std::min(input.size(), into.size());
    if (size != 0) std::memcpy(into.data(), input.data(), size);
    input.remove_prefix(size);
    return size;
  }
  Status end() const override { return {}; }
};

/// An encoding that this library has not.
class Unknown final : public StreamDecoder {
 public:
  explicit Unknown(Compression compression) noexcept : compression_(compression) {}
  Result<std::size_t> next(std::string_view&, std::span<char>) override { return end(); }
  Status end() const override {
    return internal_error("no such compression: " + std::to_string(static_cast<int>(compression_)));
  }

 private:
  const Compression compression_;
};

}  // namespace

std::unique_ptr<StreamDecoder> stream_decoder(Compression compression) {
  switch (compression) {
    case Compression::Identity:
      return std::make_unique<Copy>();
    case Compression::Gzip:
      return zlib_stream_decoder(ZlibFormat::Gzip);
    case Compression::Deflate:
      return zlib_stream_decoder(ZlibFormat::Zlib);
    case Compression::Zstd:
      return zstd_stream_decoder();
  }
  return std::make_unique<Unknown>(compression);
}

}  // namespace internal

Decompressor::Decompressor(Compression compression)
    : decoder_(internal::stream_decoder(compression)) {}
Decompressor::Decompressor(Decompressor&&) noexcept = default;
Decompressor& Decompressor::operator=(Decompressor&&) noexcept = default;
Decompressor::~Decompressor() = default;

Result<std::size_t> Decompressor::next(std::string_view& input, std::span<char> into) {
  return decoder_->next(input, into);
}

Status Decompressor::end() const { return decoder_->end(); }

}  // namespace weft::codec
