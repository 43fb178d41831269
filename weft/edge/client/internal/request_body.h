#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "weft/codec/compression.h"
#include "weft/http1/client/body_source.h"
#include "weft/rpc/call/call.h"

namespace weft::edge {

/// A message's bytes as they are sent, and whether they are compressed.
struct PackedMessage {
  Bytes bytes;
  bool compressed = false;
};
/// RESOURCE_EXHAUSTED where it is larger than the call's max_send_size.
Result<PackedMessage> pack(const Message& message, const Call& call);

/// Flags, length and content: the envelope of both protocols.
Bytes envelope(const PackedMessage& message);

/// The requests of a call that streams them, in envelopes.
class RequestBody final : public http1::BodySource {
 public:
  /// The call outlives it.
  explicit RequestBody(Call& call) noexcept : call_(call) {}

  Task<Result<Bytes>> next() override;
  /// Why it has ended early; OK where it has not.
  const Status& failure() const noexcept { return failure_; }

 private:
  Call& call_;
  Status failure_;
  bool ended_ = false;
};

}  // namespace weft::edge
