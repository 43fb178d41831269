#pragma once

#include <span>

#include "weft/base/bytes.h"
#include "weft/base/status.h"
#include "weft/codec/message.h"

namespace google::protobuf {
class MessageLite;
}

namespace weft::codec {

/// Borrows `message` for one write.
Message message_of(const google::protobuf::MessageLite& message);

/// Parses pieces that follow one another, without joining them; fails as below.
Status parse(std::span<const Bytes> pieces, google::protobuf::MessageLite& into);

/// Parses what a message holds or, where it borrows an object, that would write.
Status parse(const Message& message, google::protobuf::MessageLite& into);

/// Parses; INTERNAL naming the type and the size when the bytes are not such a message.
Status parse(const Bytes& bytes, google::protobuf::MessageLite& into);

}  // namespace weft::codec
