#pragma once

#include <memory>

#include "weft/base/result.h"
#include "weft/base/status.h"
#include "weft/codec/codec.h"
#include "weft/codec/message.h"
#include "weft/coro/context.h"
#include "weft/rpc/call/message/message_stream.h"

/// The cold way of messages whose calls have a Codec, where objects turn into bytes and back. All
/// of it runs on the call's loop: SlowParse, by which threads parse what takes long, knows protobuf
/// only.
namespace weft::rpc {

/// The object encoded by `codec`; the message may borrow the object. INTERNAL naming type and codec
/// where it fails or throws, RESOURCE_EXHAUSTED where that is for lack of memory.
Result<Message> encode(const Codec& codec, const google::protobuf::MessageLite& object) noexcept;

/// Replaces what `into` holds by what `message` says. Fails as above, also where a required field
/// is missing. The time that a message of more than ReadBudget::kSmall bytes takes counts as the
/// loop's work, as a parse of protobuf does.
Status decode(const Codec& codec, const Message& message,
              google::protobuf::MessageLite& into) noexcept;

struct CodedOptions {
  bool uncompressed = false;
  bool last = false;
};

/// Offers `object` to `writer`. Kept in `encoded` while that is blocked, so that it is encoded once
/// however often it is offered. What cannot be encoded cancels `context` with the reason, and
/// counts as Closed.
MessageWriter::Poll offer_coded(const Codec& codec, const google::protobuf::MessageLite& object,
                                CodedOptions options, std::unique_ptr<Message>& encoded,
                                MessageWriter& writer, Context& context);

}  // namespace weft::rpc
