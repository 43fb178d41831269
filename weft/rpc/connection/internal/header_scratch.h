#pragma once

#include <array>
#include <string>
#include <vector>

#include "weft/http2/hpack/hpack.h"
#include "weft/rpc/call/metadata.h"

namespace weft::rpc {

/// The buffers in which a header list is built before it is encoded, for its builder to keep on the
/// stack. They are empty at first. Fields and views of them are valid until the HeaderScratch is
/// destroyed.
///
/// Each thread lends one set, so that a warm call allocates nothing. A second HeaderScratch at the
/// same time, as by a Propagator that makes a call, gets buffers of its own.
class HeaderScratch {
 public:
  HeaderScratch() : buffers_(take()) {}
  HeaderScratch(const HeaderScratch&) = delete;
  HeaderScratch& operator=(const HeaderScratch&) = delete;
  ~HeaderScratch() { give_back(buffers_); }

  std::vector<http2::HeaderField>& fields() noexcept { return buffers_.fields; }
  /// Values that are encoded (append_fields()).
  std::string& text() noexcept { return buffers_.text; }
  /// Metadata to which something is added; not emptied.
  Metadata& metadata() noexcept { return buffers_.metadata; }
  /// For the digits of `grpc-timeout` and of `grpc-previous-rpc-attempts`.
  std::array<char, 10>& timeout() noexcept { return buffers_.timeout; }
  std::array<char, 10>& attempts() noexcept { return buffers_.attempts; }

 private:
  struct Buffers {
    std::vector<http2::HeaderField> fields;
    std::string text;
    Metadata metadata;
    std::array<char, 10> timeout;
    std::array<char, 10> attempts;
    bool lent = false;
    bool on_heap = false;
  };
  static Buffers& take();
  static void give_back(Buffers& buffers) noexcept {
    buffers.lent = false;
    if (buffers.on_heap) [[unlikely]]
      delete &buffers;
  }

  Buffers& buffers_;
};

}  // namespace weft::rpc
