#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "weft/http1/message/head.h"
#include "weft/http1/message/head_scanner.h"
#include "weft/http1/message/internal/chunk_extension.h"

namespace weft::http1 {

/// What a peer may send around its chunks.
struct ChunkLimits {
  std::size_t size_line = 256;                      ///< one chunk's size with its extensions
  std::size_t extensions = std::size_t{16} * 1024;  ///< of all chunks of a message together
  HeadLimits trailers{.size = std::size_t{8} * 1024, .line = std::size_t{4} * 1024, .fields = 32};
};

/// Decodes chunked content (RFC 9112 section 7.1) as it comes. Nothing is copied but trailers.
///
///     Size ──CRLF──▶ Data ──CRLF──▶ Size …
///       └──size 0, CRLF──▶ Trailers ──empty line──▶ End
class ChunkDecoder {
 public:
  enum class Outcome : std::uint8_t { NeedMore, Content, End, Refused };

  /// `limits` outlive it.
  explicit ChunkDecoder(const ChunkLimits& limits) noexcept : limits_(limits) {}

  /// Takes what it can from the front of `bytes`. Content: `content` is some, and is part of them.
  /// NeedMore: all of them were taken. End: what is left of them is behind the message.
  Outcome next(std::string_view& bytes, std::string_view& content);

  /// At the End; valid as long as this.
  rpc::HttpFields trailers() const noexcept;
  /// Memory of the trailers that it holds.
  std::size_t memory() const noexcept;
  const Fault& fault() const noexcept { return fault_; }

 private:
  enum class State : std::uint8_t { Size, Extension, SizeLf, Data, DataCr, DataLf, Trailers, End };
  struct Trailers {
    explicit Trailers(const HeadLimits& limits) noexcept
        : scanner(limits, HeadScanner::Of::Trailers) {}
    std::string text;
    HeadScanner scanner;
    Head parsed;
  };

  Outcome refuse(int status, std::string why);
  Outcome take_size(char c);
  Outcome take_extension(char c);
  Outcome end_size_line(char c);
  Outcome expect(char c, char due, State then);
  Outcome step(char c);
  bool take_usual(std::string_view& bytes) noexcept;
  Outcome take_trailers(std::string_view& bytes);
  void begin_size() noexcept;

  const ChunkLimits& limits_;
  State state_ = State::Size;
  std::uint16_t digits_ = 0;
  std::uint64_t left_ = 0;  // of this chunk
  std::size_t line_ = 0;    // bytes of its size line
  std::size_t extensions_ = 0;
  ChunkExtension extension_;
  std::unique_ptr<Trailers> trailers_;  // where there are any
  Fault fault_;
};

}  // namespace weft::http1
