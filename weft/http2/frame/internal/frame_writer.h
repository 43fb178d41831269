#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "weft/base/bytes.h"
#include "weft/http2/frame/frame.h"
#include "weft/http2/session/output.h"

namespace weft::http2::internal {

/// Writes frames to the output and counts its bytes, so that it can be told whether the transport
/// has taken a given one.
class FrameWriter {
 public:
  OutputQueue& output() noexcept { return output_; }
  std::size_t output_memory() const noexcept { return output_.memory(); }
  /// Bytes that have ever been put into the output.
  std::uint64_t written() const noexcept { return written_; }
  /// Bytes that the transport has taken.
  std::uint64_t consumed() const noexcept { return written_ - output_.size(); }

  std::uint8_t* reserve(std::size_t n) { return output_.reserve(n); }
  void commit(std::size_t n) noexcept {
    output_.commit(n);
    written_ += n;
  }
  void append(Bytes bytes) {
    written_ += bytes.size();
    output_.append(std::move(bytes));
  }
  void header(const FrameHeader& header) {
    write_frame_header(reserve(kFrameHeaderSize), header);
    commit(kFrameHeaderSize);
  }

  void preface();
  void settings(const Settings& settings);
  void initial_window(std::uint32_t size);
  void settings_ack();
  void ping(std::uint64_t payload, bool ack);
  void rst_stream(std::uint32_t id, ErrorCode code);
  void window_update(std::uint32_t id, std::uint32_t increment);
  /// `debug` is cut off at kLongestDebug bytes.
  void goaway(std::uint32_t last_id, ErrorCode code, std::string_view debug);

 private:
  static constexpr std::size_t kLongestDebug = 512;

  OutputQueue output_;
  std::uint64_t written_ = 0;
};

}  // namespace weft::http2::internal
