#pragma once

#include <cstddef>
#include <cstdint>

#include "weft/base/intrusive_list.h"

namespace weft::http2 {

/// One stream as its owner sees it. A Session owns it, and recycles it after on_stream_closed.
///
///                 send/recv HEADERS
///        idle ─────────────────────▶ open
///                                     │ send END_STREAM      │ recv END_STREAM
///                                     ▼                      ▼
///                            half-closed (local)    half-closed (remote)
///                                     │ recv END_STREAM      │ send END_STREAM
///                                     ▼                      ▼
///                                   closed ◀── RST_STREAM either way, from any state
///
/// RFC 9113 section 5.1 without push. The two halves are kept as two flags. What the session alone
/// needs is in internal/stream_record.h.
class Stream : public ListNode {
 public:
  std::uint32_t id() const noexcept { return id_; }
  /// Bytes that wait for a window.
  std::size_t queued() const noexcept;
  /// No more will be sent (END_STREAM was sent or is queued).
  bool local_ended() const noexcept { return local_ended_; }
  /// The peer has sent END_STREAM.
  bool peer_ended() const noexcept { return peer_ended_; }

  /// The owner's; null until set.
  void* user = nullptr;
  /// The owner's as well: what `user` is, where there are several; 0 until set.
  std::uint8_t kind = 0;

 protected:
  Stream() noexcept = default;
  ~Stream() = default;

  std::uint32_t id_ = 0;
  bool local_ended_ = false;
  bool peer_ended_ = false;
};

}  // namespace weft::http2
