#include <algorithm>
#include <string>

#include <zlib.h>

#include "weft/codec/internal/error.h"
#include "weft/codec/internal/stream_decoder.h"
#include "weft/codec/internal/zlib_codec.h"

namespace weft::codec::internal {
namespace {

// zlib counts in unsigned int.
constexpr std::size_t kLargestStep = std::size_t{1} << 30;

class ZlibStreamDecoder final : public StreamDecoder {
 public:
  explicit ZlibStreamDecoder(ZlibFormat format) noexcept : format_(format) {
    ready_ = inflateInit2(&stream_, window_bits(format)) == Z_OK;
  }
  ZlibStreamDecoder(const ZlibStreamDecoder&) = delete;
  ZlibStreamDecoder& operator=(const ZlibStreamDecoder&) = delete;
  ~ZlibStreamDecoder() override {
    if (ready_) inflateEnd(&stream_);
  }

  Result<std::size_t> next(std::string_view& input, std::span<char> into) override {
    if (!ready_) return library_failed(name_of(format_), "no memory for its state");
    for (;;) {
      if (ended_ && input.empty()) return std::size_t{0};
      if (ended_ && !begin_member()) return failed("bytes follow its end");
      const std::size_t before = input.size();
      const std::size_t made = step(input, into);
      if (made != 0 || (input.empty() && result_ != Z_STREAM_END)) {
        if (is_broken()) return failed(reason());
        return made;
      }
      if (is_broken() || before == input.size()) return failed(reason());
    }
  }

  Status end() const override {
    return ended_ || taken_ == 0 ? Status() : failed("it is truncated");
  }

 private:
  /// RFC 1952 section 2.2: a gzip file is a series of members.
  bool begin_member() noexcept {
    ended_ = false;
    return format_ == ZlibFormat::Gzip && inflateReset(&stream_) == Z_OK;
  }
  /// How many bytes it made.
  std::size_t step(std::string_view& input, std::span<char> into) noexcept {
    const std::size_t give = std::min(input.size(), kLargestStep);
    const std::size_t room = std::min(into.size(), kLargestStep);
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
    stream_.avail_in = static_cast<uInt>(give);
    stream_.next_out = reinterpret_cast<Bytef*>(into.data());
    stream_.avail_out = static_cast<uInt>(room);
    result_ = inflate(&stream_, Z_NO_FLUSH);
    ended_ = result_ == Z_STREAM_END;
    const std::size_t took = give - stream_.avail_in;
    taken_ += took;
    input.remove_prefix(took);
    return room - stream_.avail_out;
  }
  bool is_broken() const noexcept {
    return result_ != Z_OK && result_ != Z_BUF_ERROR && result_ != Z_STREAM_END;
  }
  std::string_view reason() const noexcept {
    if (result_ == Z_NEED_DICT) return "it needs a preset dictionary";
    if (stream_.msg != nullptr) return stream_.msg;
    return result_ == Z_MEM_ERROR ? "out of memory" : "inflate failed";
  }
  Status failed(std::string_view why) const { return broken(name_of(format_), taken_, why); }

  const ZlibFormat format_;
  z_stream stream_{};
  bool ready_ = false;
  bool ended_ = false;  // behind a member, and before the next
  int result_ = Z_OK;
  std::size_t taken_ = 0;
};

}  // namespace

std::unique_ptr<StreamDecoder> zlib_stream_decoder(ZlibFormat format) {
  return std::make_unique<ZlibStreamDecoder>(format);
}

}  // namespace weft::codec::internal
