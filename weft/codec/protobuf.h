#pragma once

#include "weft/base/bytes.h"
#include "weft/base/status.h"
#include "weft/codec/message.h"

namespace google::protobuf {
class MessageLite;
}

namespace weft::codec {

/// Borrows `message` for one write.
Message message_of(const google::protobuf::MessageLite& message);

/// Parses; INTERNAL naming the type and the size when the bytes are not such a message.
Status parse(const Bytes& bytes, google::protobuf::MessageLite& into);

}  // namespace weft::codec
