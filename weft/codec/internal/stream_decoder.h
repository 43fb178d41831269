#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "weft/base/result.h"
#include "weft/codec/internal/zlib_codec.h"

namespace weft::codec::internal {

/// What a Decompressor does, by its encoding.
class StreamDecoder {
 public:
  virtual ~StreamDecoder() = default;
  virtual Result<std::size_t> next(std::string_view& input, std::span<char> into) = 0;
  virtual Status end() const = 0;
};

std::unique_ptr<StreamDecoder> zlib_stream_decoder(ZlibFormat format);
std::unique_ptr<StreamDecoder> zstd_stream_decoder();

}  // namespace weft::codec::internal
