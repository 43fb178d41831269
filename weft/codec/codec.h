#pragma once

#include <memory>
#include <string_view>

#include "weft/base/result.h"
#include "weft/base/status.h"
#include "weft/codec/message.h"

namespace google::protobuf {
class MessageLite;
}  // namespace google::protobuf

namespace weft {

/// A format of messages beside protobuf's own: JSON, MessagePack. A server speaks those that it was
/// given (Server::add); a client chooses one for a channel (ChannelOptions::codec) or for a call
/// (CallOptions::codec). Calls without one are protobuf and do not come here.
///
/// Messages are protobuf objects in every format, because they are what generated code, handlers
/// and stubs have; a codec finds the fields of a type by its reflection:
///
///     const auto* message = dynamic_cast<const google::protobuf::Message*>(&object);
///     // null for a lite type, which has no reflection
///
/// One object is used by many threads at the same time and so has no state that changes. It must
/// outlive the calls that use it: servers and channels share its ownership, a CallOptions does not.
///
/// What it throws is caught: the call ends with INTERNAL, or RESOURCE_EXHAUSTED for std::bad_alloc,
/// and the log has the exception's text.
class Codec {
 public:
  virtual ~Codec() = default;

  /// The content subtype: "json" for `application/grpc+json`. At most 64 of a-z, 0-9, '-', '_' and
  /// '.', the same for as long as the codec exists. "proto" is taken.
  virtual std::string_view name() const noexcept = 0;

  /// The object's bytes. The message may borrow `object` (Message, MessageOps), which lives until
  /// the message has been written; its MessageOps must not throw. What is larger than the call's
  /// max_send_size is refused afterwards. An error ends the call with INTERNAL and its text, which
  /// a server sends to the client; only RESOURCE_EXHAUSTED keeps its code.
  virtual Result<Message> encode(const google::protobuf::MessageLite& object) const = 0;

  /// Fills `into`, which is empty, with what `message` says; it has bytes (Message::is_bytes()), in
  /// one piece or several, at most max_receive_size of them. They come from a peer: nothing they
  /// claim is to be believed, neither sizes nor depth. Errors as above. A field that its type
  /// requires and `message` lacks is found by the caller.
  virtual Status decode(const Message& message, google::protobuf::MessageLite& into) const = 0;

 protected:
  Codec() = default;
  Codec(const Codec&) = default;
  Codec& operator=(const Codec&) = default;
};

/// Protobuf, named "proto": for a call that is to be protobuf on a channel with another codec,
/// `{.codec = &weft::protobuf_codec()}`.
const Codec& protobuf_codec() noexcept;

namespace codec {

/// Refers to a codec that outlives every use of the reference.
inline std::shared_ptr<const Codec> borrowed(const Codec& codec) noexcept {
  return {std::shared_ptr<const Codec>(), &codec};
}

/// INVALID_ARGUMENT for a Codec::name() that no content-type can have, or that is protobuf's.
Status check_name(std::string_view name);

}  // namespace codec
}  // namespace weft
