#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "weft/base/bytes.h"
#include "weft/http2/header.h"
#include "weft/http2/internal/flow_control.h"
#include "weft/http2/stream.h"

namespace weft::http2::internal {

/// A header list that outlives the call that passed it: trailers that wait for queued DATA. HPACK
/// blocks must be encoded in the order in which they are sent, so the fields are kept and not the
/// block.
class HeldFields {
 public:
  explicit HeldFields(HeaderFields fields);
  HeldFields(const HeldFields&) = delete;
  HeldFields& operator=(const HeldFields&) = delete;
  HeaderFields fields() const noexcept { return fields_; }
  std::size_t memory() const noexcept {
    return sizeof(*this) + text_.capacity() + fields_.capacity() * sizeof(HeaderField);
  }

 private:
  std::string text_;
  std::vector<HeaderField> fields_;
};

/// Slices that wait for a window, first in, first out. Unlike std::deque it costs nothing while
/// empty.
class PayloadQueue {
 public:
  bool empty() const noexcept { return head_ == slices_.size(); }
  void push(Bytes slice) { slices_.push_back(std::move(slice)); }
  Bytes& front() noexcept { return slices_[head_]; }
  void pop() noexcept;
  void clear() noexcept;

 private:
  std::vector<Bytes> slices_;
  std::size_t head_ = 0;
};

/// A stream with all that the session keeps of it. The list node links it into the ring of streams
/// that wait for the connection's window.
struct StreamRecord final : Stream {
  using Stream::id_;
  using Stream::local_ended_;
  using Stream::peer_ended_;
  using Stream::queued_;

  static constexpr std::int64_t kNoLength = -1;

  /// Makes a recycled record ready for another stream.
  void begin(std::uint32_t id, std::int64_t send_window, std::int64_t receive_window) noexcept;

  bool closed = false;                    // on_stream_closed has been called, or is about to be
  bool end_sent = false;                  // END_STREAM is in the output
  bool initial_received = false;          // the peer's final header section has begun
  bool head_request = false;              // HEAD: the response's content-length announces no DATA
  bool waiting = false;                   // on_drained is due once the queue has gone out
  bool moved = false;                     // something of the queue has gone out, or it is new
  std::int64_t content_left = kNoLength;  // what content-length still promises
  std::uint64_t headers_end = 0;  // client: where our HEADERS end, counted in bytes of output
  SendWindow send;
  ReceiveWindow receive;
  PayloadQueue queue;
  std::unique_ptr<HeldFields> held;  // trailers behind the queue
};

}  // namespace weft::http2::internal
