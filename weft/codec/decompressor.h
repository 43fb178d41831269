#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "weft/base/result.h"
#include "weft/codec/compression.h"

namespace weft::codec {

namespace internal {
class StreamDecoder;
}

/// Decompresses what comes in pieces, into pieces: no more of it is there at a time than its user
/// asks for. What it holds itself is the encoding's window: some 40 KiB for gzip and deflate, up to
/// 8 MiB for zstd (RFC 8878 section 3.1.1.1.2; larger ones are refused). Takes what decompress()
/// takes. Belongs to one thread at a time.
class Decompressor {
 public:
  explicit Decompressor(Compression compression);
  Decompressor(Decompressor&&) noexcept;
  Decompressor& operator=(Decompressor&&) noexcept;
  ~Decompressor();

  /// Takes from the front of `input` and fills `into`, which is not empty; how many bytes it wrote.
  /// 0: all of the input is taken, and more is needed for more output. Broken input: INTERNAL
  /// naming the encoding; nothing can be read any more.
  Result<std::size_t> next(std::string_view& input, std::span<char> into);
  /// OK where the input may end here, behind the last of the output; INTERNAL where it is
  /// truncated.
  Status end() const;

 private:
  std::unique_ptr<internal::StreamDecoder> decoder_;
};

}  // namespace weft::codec
