#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "weft/base/bytes.h"
#include "weft/http2/frame/frame.h"

namespace weft::http2::internal {

/// Cuts the byte stream into frames, wherever reads have split it (RFC 9113 section 4).
///
///   Header ─▶ (DATA: PadLength ─▶ Data ─▶ Skip) | (known type: Whole) | (unknown type: Skip)
///
/// DATA is handed on in pieces as it arrives, as slices of the input. Of other frames only what is
/// split between two inputs is copied. It judges no frame but the padding of DATA.
class FrameReader {
 public:
  enum class Event : std::uint8_t {
    NeedMore,    ///< the input is used up
    Header,      ///< header() is of a new frame, whose payload is still to come
    Payload,     ///< payload() is the whole payload of a frame other than DATA
    Data,        ///< data() is the next piece of a DATA frame
    BadPadding,  ///< the padding of a DATA frame is longer than the frame
  };

  /// Takes a frame that lies whole in `input`, and next() would find at its start: header(), and
  /// payload() or data(), are those of the frame. False where next() has to take it in steps.
  bool take_frame(Bytes& input) noexcept;
  /// Takes bytes off `input` up to the next event.
  Event next(Bytes& input);

  const FrameHeader& header() const noexcept { return header_; }
  /// Valid until the next call, and while the input it came from is.
  std::span<const std::uint8_t> payload() const noexcept { return payload_; }
  /// As payload().
  BytesView data() const noexcept { return data_; }
  /// The piece is the last of its frame.
  bool data_complete() const noexcept { return left_ == 0; }
  /// The header of such a frame has arrived and its payload has not, as a whole.
  bool inside(FrameType type) const noexcept {
    return state_ == State::Whole && header_.type == type;
  }
  /// Memory kept for a payload that is split between inputs.
  std::size_t memory() const noexcept { return split_.capacity(); }
  /// Flow-controlled bytes of the DATA frame that are not data: the padding and its length.
  std::uint32_t padding() const noexcept { return padding_; }

 private:
  enum class State : std::uint8_t { Header, PadLength, Data, Padding, Skip, Whole };

  Event read_header(Bytes& input);
  Event begin_payload();
  Event read_pad_length(Bytes& input) noexcept;
  Event read_data(Bytes& input);
  Event read_whole(Bytes& input);
  void skip(Bytes& input) noexcept;

  /// An idle connection keeps no more than this of the buffer for split payloads.
  static constexpr std::size_t kKeptCapacity = 1024;

  State state_ = State::Header;
  FrameHeader header_;
  std::uint32_t left_ = 0;     // of the part that state_ names
  std::uint32_t padding_ = 0;  // DATA: padding and its length byte
  BytesView data_;
  std::span<const std::uint8_t> payload_;
  std::uint8_t header_bytes_[kFrameHeaderSize];
  std::uint8_t header_filled_ = 0;
  std::vector<std::uint8_t> split_;  // a payload that is split between inputs
};

}  // namespace weft::http2::internal
