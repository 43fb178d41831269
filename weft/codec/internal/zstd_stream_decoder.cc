#include <memory>

#include <zstd.h>

#include "weft/codec/internal/error.h"
#include "weft/codec/internal/stream_decoder.h"
#include "weft/codec/internal/zstd_codec.h"

namespace weft::codec::internal {
namespace {

constexpr std::string_view kName = "zstd";

struct Free {
  void operator()(ZSTD_DCtx* context) const noexcept { ZSTD_freeDCtx(context); }
};

class ZstdStreamDecoder final : public StreamDecoder {
 public:
  ZstdStreamDecoder() noexcept : context_(ZSTD_createDCtx()) {
    if (context_ == nullptr) return;
    ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, kLargestZstdWindowLog);
  }

  Result<std::size_t> next(std::string_view& input, std::span<char> into) override {
    if (context_ == nullptr) return library_failed(kName, "no memory for its state");
    ZSTD_outBuffer out{into.data(), into.size(), 0};
    while (out.pos == 0) {
      ZSTD_inBuffer in{input.data(), input.size(), 0};
      const std::size_t result = ZSTD_decompressStream(context_.get(), &out, &in);
      if (ZSTD_isError(result) != 0) return broken(kName, taken_, ZSTD_getErrorName(result));
      taken_ += in.pos;
      input.remove_prefix(in.pos);
      // Asked without input behind a frame, the library says what it wants of the next.
      if (in.pos != 0 || out.pos != 0) within_frame_ = result != 0;
      if (input.empty() && out.pos == 0) break;
    }
    return out.pos;
  }

  Status end() const override {
    return within_frame_ ? broken(kName, taken_, "it is truncated") : Status();
  }

 private:
  std::unique_ptr<ZSTD_DCtx, Free> context_;
  bool within_frame_ = false;
  std::size_t taken_ = 0;
};

}  // namespace

std::unique_ptr<StreamDecoder> zstd_stream_decoder() {
  return std::make_unique<ZstdStreamDecoder>();
}

}  // namespace weft::codec::internal
