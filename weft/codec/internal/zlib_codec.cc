#include "weft/codec/internal/zlib_codec.h"

#include <algorithm>
#include <string>

#include <zlib.h>

#include "weft/codec/internal/error.h"
#include "weft/codec/internal/output_buffer.h"

namespace weft::codec::internal {

namespace {

constexpr int kWindowBits = 15;
// deflateInit2 and inflateInit2 take the wrapping as an offset to the window bits.
constexpr int kGzipOffset = 16;
constexpr int kMemoryLevel = 8;
// zlib counts in unsigned int, so larger pieces are handed over in steps.
constexpr std::size_t kLargestStep = std::size_t{1} << 30;
// DEFLATE yields at most 1032 bytes for one (zlib's technical notes), so a larger claim is a lie.
constexpr std::size_t kLargestRatio = 1032;
// What text and protobuf messages shrink to, where the input does not tell the size.
constexpr std::size_t kUsualRatio = 4;
constexpr std::size_t kGzipSmallest = 18;

/// Setting up a deflate state takes a quarter of a megabyte and clears hash tables, so that each
/// thread keeps one per format once it has compressed with it.
class Deflater {
 public:
  explicit Deflater(ZlibFormat format) noexcept {
    ready_ = deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, window_bits(format),
                          kMemoryLevel, Z_DEFAULT_STRATEGY) == Z_OK;
  }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;
  ~Deflater() {
    if (ready_) deflateEnd(&stream_);
  }
  /// Null when memory ran out.
  z_stream* fresh() noexcept {
    return ready_ && deflateReset(&stream_) == Z_OK ? &stream_ : nullptr;
  }

 private:
  z_stream stream_{};
  bool ready_ = false;
};

/// One inflate state serves both formats: only the wrapping differs, not the window.
class Inflater {
 public:
  Inflater() noexcept { ready_ = inflateInit2(&stream_, kWindowBits) == Z_OK; }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() {
    if (ready_) inflateEnd(&stream_);
  }
  z_stream* fresh(ZlibFormat format) noexcept {
    return ready_ && inflateReset2(&stream_, window_bits(format)) == Z_OK ? &stream_ : nullptr;
  }

 private:
  z_stream stream_{};
  bool ready_ = false;
};

z_stream* thread_deflater(ZlibFormat format) {
  if (format == ZlibFormat::Gzip) {
    thread_local Deflater gzip(ZlibFormat::Gzip);
    return gzip.fresh();
  }
  thread_local Deflater zlib(ZlibFormat::Zlib);
  return zlib.fresh();
}

z_stream* thread_inflater(ZlibFormat format) {
  thread_local Inflater inflater;
  return inflater.fresh(format);
}

/// Input of any size for a z_stream. zlib's interface is not const-correct; it does not write.
class Feed {
 public:
  explicit Feed(std::string_view input) noexcept : rest_(input) {}
  void refill(z_stream& stream) noexcept {
    if (stream.avail_in != 0 || rest_.empty()) return;
    const std::size_t step = std::min(rest_.size(), kLargestStep);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(rest_.data()));
    stream.avail_in = static_cast<uInt>(step);
    rest_.remove_prefix(step);
  }
  bool last_step() const noexcept { return rest_.empty(); }

 private:
  std::string_view rest_;
};

/// A gzip member ends in its size modulo 2^32 (RFC 1952 section 2.3.1); a guess only, since the
/// peer wrote it and more members may stand before it.
std::size_t expected_size(ZlibFormat format, std::string_view input) {
  if (format != ZlibFormat::Gzip || input.size() < kGzipSmallest) return input.size() * kUsualRatio;
  std::size_t size = 0;
  for (std::size_t i = 1; i <= 4; ++i) {
    size = size << 8 | static_cast<unsigned char>(input[input.size() - i]);
  }
  return size / kLargestRatio > input.size() ? input.size() * kUsualRatio : size;
}

/// One decompression: inflates `input` into `output_` until it ends, breaks or reaches the limit.
class Inflation {
 public:
  Inflation(z_stream& stream, ZlibFormat format, std::string_view input, std::size_t limit)
      : stream_(stream),
        format_(format),
        input_size_(input.size()),
        feed_(input),
        output_(expected_size(format, input), limit) {
    stream_.avail_in = 0;
  }

  Result<Bytes> run() {
    for (;;) {
      feed_.refill(stream_);
      const int result = step();
      if (beyond_limit_) return beyond_limit(name_of(format_), input_size_, output_.limit());
      if (result == Z_STREAM_END) {
        feed_.refill(stream_);
        if (stream_.avail_in == 0) return output_.finish();
        if (format_ != ZlibFormat::Gzip) return failed("bytes follow its end");
        // RFC 1952 section 2.2: a gzip file is a series of members.
        if (inflateReset(&stream_) != Z_OK) return failed("inflateReset failed");
      } else if (result != Z_OK && result != Z_BUF_ERROR) {
        return failed(reason(result));
      } else if (starved()) {
        return failed("it is truncated");
      }
    }
  }

 private:
  /// Inflates once, into what room there is.
  int step() {
    const OutputBuffer::Room room = output_.next();
    const std::size_t size = std::min(room.size, kLargestStep);
    stream_.next_out = reinterpret_cast<Bytef*>(room.data);
    stream_.avail_out = static_cast<uInt>(size);
    const int result = inflate(&stream_, Z_NO_FLUSH);
    beyond_limit_ = !output_.written(size - stream_.avail_out);
    return result;
  }

  /// All input is taken. Both formats end in a checksum, which inflate reads only after its last
  /// output, so that a whole message ends no sooner than this.
  bool starved() const { return stream_.avail_in == 0 && feed_.last_step(); }
  std::string_view reason(int result) const {
    if (result == Z_NEED_DICT) return "it needs a preset dictionary";
    if (stream_.msg != nullptr) return stream_.msg;
    return result == Z_MEM_ERROR ? "out of memory" : "inflate failed";
  }
  Status failed(std::string_view why) const { return broken(name_of(format_), input_size_, why); }

  z_stream& stream_;
  ZlibFormat format_;
  std::size_t input_size_;
  Feed feed_;
  OutputBuffer output_;
  bool beyond_limit_ = false;
};

}  // namespace

int window_bits(ZlibFormat format) noexcept {
  return format == ZlibFormat::Gzip ? kWindowBits + kGzipOffset : kWindowBits;
}

std::string_view name_of(ZlibFormat format) noexcept {
  return format == ZlibFormat::Gzip ? "gzip" : "deflate";
}

Result<Bytes> zlib_compress(ZlibFormat format, std::string_view input) {
  z_stream* stream = thread_deflater(format);
  if (stream == nullptr) return library_failed(name_of(format), "no memory for its state");
  const std::size_t bound = deflateBound(stream, static_cast<uLong>(input.size()));
  ChunkRef chunk(Chunk::allocate(bound));
  Feed feed(input);
  stream->avail_in = 0;
  std::size_t size = 0;
  for (;;) {
    feed.refill(*stream);
    const std::size_t room = std::min(bound - size, kLargestStep);
    stream->next_out = reinterpret_cast<Bytef*>(chunk->data() + size);
    stream->avail_out = static_cast<uInt>(room);
    const int result = deflate(stream, feed.last_step() ? Z_FINISH : Z_NO_FLUSH);
    size += room - stream->avail_out;
    if (result == Z_STREAM_END) return trimmed(std::move(chunk), size);
    if (result != Z_OK) {
      return library_failed(name_of(format), stream->msg != nullptr ? stream->msg : "deflate");
    }
  }
}

Result<Bytes> zlib_decompress(ZlibFormat format, std::string_view input, std::size_t limit) {
  z_stream* stream = thread_inflater(format);
  if (stream == nullptr) return library_failed(name_of(format), "no memory for its state");
  return Inflation(*stream, format, input, limit).run();
}

}  // namespace weft::codec::internal
