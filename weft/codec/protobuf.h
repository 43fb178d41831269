#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "weft/base/bytes.h"
#include "weft/base/result.h"
#include "weft/base/status.h"
#include "weft/codec/message.h"

namespace google::protobuf {
class Message;
class MessageLite;
}  // namespace google::protobuf

namespace weft::codec {

/// Borrows `message` for one write. One of more than 2147483647 bytes, which protobuf cannot write,
/// is not Message::writable().
Message message_of(const google::protobuf::MessageLite& message);

/// The message's bytes; RESOURCE_EXHAUSTED where it is larger than protobuf can write.
Result<Bytes> encode(const google::protobuf::MessageLite& message);

/// Parses pieces that follow one another, without joining them; fails as below.
Status parse(std::span<const Bytes> pieces, google::protobuf::MessageLite& into);

/// Parses what a message holds or, where it borrows an object, that would write.
Status parse(const Message& message, google::protobuf::MessageLite& into);

/// Parses; INTERNAL naming the type and the size when the bytes are not such a message,
/// RESOURCE_EXHAUSTED when they are more than protobuf can parse.
Status parse(const Bytes& bytes, google::protobuf::MessageLite& into);

/// What bounds a parse that may take long, which goes in steps.
class ParseLimit {
 public:
  /// The first step.
  static constexpr std::size_t kFirstStep = 4096;
  /// Bytes of the next step, where `done` bytes have been parsed; 0: stop here.
  virtual std::size_t next_step(std::size_t done) noexcept = 0;

 protected:
  ~ParseLimit() = default;
};

/// As parse(), up to `limit`: nothing where that said to stop before the end; `into` is a part
/// then.
std::optional<Status> parse_within(ParseLimit& limit, const Message& message,
                                   google::protobuf::MessageLite& into);

/// Bytes of memory that `message` takes with all that it holds, about. Small fields and fields that
/// its type does not know take up to 30 times their size on the wire. Of a lite message, which
/// cannot tell, the size on the wire.
std::size_t memory_of(const google::protobuf::Message& message);
std::size_t memory_of(const google::protobuf::MessageLite& message);

}  // namespace weft::codec
