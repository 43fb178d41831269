#include "weft/codec/internal/zstd_codec.h"

#include <algorithm>
#include <memory>
#include <string>

#include <zstd.h>

#include "weft/codec/internal/error.h"
#include "weft/codec/internal/output_buffer.h"

namespace weft::codec::internal {

namespace {

constexpr std::string_view kName = "zstd";
// A block of at most 128 KiB takes at least 4 bytes (RFC 8878 section 3.1.1.2), so that a frame
// which claims more than this per byte lies.
constexpr std::size_t kLargestRatio = (std::size_t{128} << 10) / 4;
constexpr std::size_t kUsualRatio = 4;

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const noexcept { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const noexcept { ZSTD_freeDCtx(context); }
};

/// Contexts hold tables of up to a few hundred KiB; each thread keeps one once it has used it.
ZSTD_CCtx* thread_compressor() {
  thread_local std::unique_ptr<ZSTD_CCtx, FreeContext> context(ZSTD_createCCtx());
  return context.get();
}

ZSTD_DCtx* thread_decompressor() {
  thread_local std::unique_ptr<ZSTD_DCtx, FreeContext> context;
  if (context == nullptr) {
    context.reset(ZSTD_createDCtx());
    if (context != nullptr) {
      ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, kLargestZstdWindowLog);
    }
  } else {
    ZSTD_DCtx_reset(context.get(), ZSTD_reset_session_only);
  }
  return context.get();
}

/// One decompression of a series of frames.
class Decompression {
 public:
  Decompression(ZSTD_DCtx* context, std::string_view input, std::size_t limit)
      : context_(context), input_(input), rest_(input), output_(first_size(input), limit) {}

  Result<Bytes> run() {
    while (!rest_.empty()) {
      const std::size_t frame_size = ZSTD_findFrameCompressedSize(rest_.data(), rest_.size());
      if (ZSTD_isError(frame_size) != 0) return failed(ZSTD_getErrorName(frame_size));
      const std::string_view frame = rest_.substr(0, frame_size);
      rest_.remove_prefix(frame_size);
      if (Status status = one_frame(frame); !status.ok()) return status;
    }
    return output_.finish();
  }

 private:
  static std::size_t first_size(std::string_view input) {
    const unsigned long long content = ZSTD_getFrameContentSize(input.data(), input.size());
    // The two errors are the largest values there are, and so beyond what is plausible.
    if (content / kLargestRatio > input.size()) return input.size() * kUsualRatio;
    return static_cast<std::size_t>(content);
  }

  Status one_frame(std::string_view frame) {
    const unsigned long long content = ZSTD_getFrameContentSize(frame.data(), frame.size());
    if (content == ZSTD_CONTENTSIZE_ERROR) return failed("a frame header is not valid");
    if (content == ZSTD_CONTENTSIZE_UNKNOWN) return streamed(frame);
    if (content > output_.limit() - output_.size()) return too_large();
    if (content / kLargestRatio > frame.size()) return failed("a frame lies about its size");
    const auto size = static_cast<std::size_t>(content);
    const std::size_t written =
        ZSTD_decompressDCtx(context_, output_.place(size), size, frame.data(), frame.size());
    if (ZSTD_isError(written) != 0) return failed(ZSTD_getErrorName(written));
    return output_.written(written) ? ok_status() : too_large();
  }

  /// A frame that does not tell its size.
  Status streamed(std::string_view frame) {
    ZSTD_inBuffer in{frame.data(), frame.size(), 0};
    for (;;) {
      const OutputBuffer::Room room = output_.next();
      ZSTD_outBuffer out{room.data, room.size, 0};
      const std::size_t result = ZSTD_decompressStream(context_, &out, &in);
      if (ZSTD_isError(result) != 0) return failed(ZSTD_getErrorName(result));
      if (!output_.written(out.pos)) return too_large();
      if (result == 0) return ok_status();
      if (in.pos == in.size && out.pos < out.size) return failed("it is truncated");
    }
  }

  Status too_large() const { return beyond_limit(kName, input_.size(), output_.limit()); }
  Status failed(std::string_view why) const { return broken(kName, input_.size(), why); }

  ZSTD_DCtx* context_;
  std::string_view input_;
  std::string_view rest_;
  OutputBuffer output_;
};

}  // namespace

Result<Bytes> zstd_compress(std::string_view input) {
  ZSTD_CCtx* context = thread_compressor();
  if (context == nullptr) return library_failed(kName, "no memory for its state");
  const std::size_t bound = ZSTD_compressBound(input.size());
  if (ZSTD_isError(bound) != 0) return library_failed(kName, ZSTD_getErrorName(bound));
  ChunkRef chunk(Chunk::allocate(bound));
  const std::size_t size = ZSTD_compressCCtx(context, chunk->data(), bound, input.data(),
                                             input.size(), ZSTD_CLEVEL_DEFAULT);
  if (ZSTD_isError(size) != 0) return library_failed(kName, ZSTD_getErrorName(size));
  return trimmed(std::move(chunk), size);
}

Result<Bytes> zstd_decompress(std::string_view input, std::size_t limit) {
  ZSTD_DCtx* context = thread_decompressor();
  if (context == nullptr) return library_failed(kName, "no memory for its state");
  return Decompression(context, input, limit).run();
}

}  // namespace weft::codec::internal
