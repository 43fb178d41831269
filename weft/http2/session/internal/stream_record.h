#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weft/base/bytes.h"
#include "weft/http2/hpack/header.h"
#include "weft/http2/session/internal/flow_control.h"
#include "weft/http2/session/stream.h"

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

/// Slices that wait for a window, first in, first out, and trailers behind them. A pointer while
/// nothing has ever waited.
class PayloadQueue {
 public:
  bool empty() const noexcept { return waiting_ == nullptr || waiting_->empty(); }
  /// Bytes that wait.
  std::size_t size() const noexcept { return waiting_ == nullptr ? 0 : waiting_->size; }
  /// What is lent is copied.
  void push(Bytes slice);
  /// `n` of them have been sent, or are about to be.
  void sent(std::size_t n) noexcept { waiting_->size -= n; }
  /// Only where it is not empty.
  Bytes& front() noexcept { return waiting_->slices[waiting_->head]; }
  void pop() noexcept;
  /// The trailers too.
  void clear() noexcept { waiting_.reset(); }

  /// Only where it is not empty.
  void hold(HeaderFields trailers) { waiting_->held = std::make_unique<HeldFields>(trailers); }
  const HeldFields* held() const noexcept {
    return waiting_ == nullptr ? nullptr : waiting_->held.get();
  }
  std::unique_ptr<HeldFields> take_held() noexcept {
    return waiting_ == nullptr ? nullptr : std::move(waiting_->held);
  }

 private:
  struct Waiting {
    bool empty() const noexcept { return head == slices.size(); }
    std::size_t size = 0;
    std::vector<Bytes> slices;
    std::size_t head = 0;
    std::unique_ptr<HeldFields> held;
  };
  std::unique_ptr<Waiting> waiting_;
};

/// A stream with all that the session keeps of it. The list node links it into the ring of streams
/// that wait for the connection's window, and in the end to those that were removed. Its size is
/// what each pending call pays: the flags come first, as the base leaves room for them.
struct StreamRecord final : Stream {
  using Stream::id_;
  using Stream::local_ended_;
  using Stream::peer_ended_;

  static constexpr std::int64_t kNoLength = -1;

  static void* operator new(std::size_t size);
  static void operator delete(void* memory) noexcept;

  /// To be called once, before anything else.
  void begin(std::uint32_t id, std::int64_t send_window, std::int64_t receive_window) noexcept;

  bool closed = false;            // on_stream_closed has been called, or is about to be
  bool end_sent = false;          // END_STREAM is in the output
  bool initial_received = false;  // the peer's final header section has begun
  bool head_request = false;      // HEAD: the response's content-length announces no DATA
  bool waiting = false;           // on_drained is due once the queue has gone out
  bool moved = false;             // something of the queue has gone out, or it is new
  SendWindow send;
  ReceiveWindow receive;
  union {
    // Client, until initial_received: where our HEADERS end, counted in bytes of output.
    std::uint64_t headers_end;
    // From then on: what content-length still promises.
    std::int64_t content_left = kNoLength;
  };
  PayloadQueue queue;
};
static_assert(sizeof(StreamRecord) <= 72, "every pending call and every stream pays for it");

}  // namespace weft::http2::internal
