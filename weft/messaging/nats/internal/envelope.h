#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "weft/base/bytes.h"
#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/codec/codec.h"
#include "weft/codec/compression.h"
#include "weft/codec/message.h"
#include "weft/rpc/call/call.h"
#include "weft/rpc/call/metadata.h"
#include "weft/rpc/call/propagation.h"
#include "weft/rpc/server/dispatcher.h"

/// What the headers of a request and of its reply say, and their payload. The words are in
/// docs/reference/nats-envelope.md.
namespace weft::nats {

/// A message as it is sent: compressed, or as it is.
struct Packed {
  Message message;
  Compression compression = Compression::Identity;
};
/// `compression`: what is wanted. RESOURCE_EXHAUSTED where the message is larger than `most`;
/// `what` and `option` are for that: "request message", "ChannelOptions::max_send_size".
Result<Packed> pack(const Message& message, Compression compression, std::size_t most,
                    std::string_view what, std::string_view option);

// ---- A client's side ---------------------------------------------------------------------------

/// What the calls of a channel have in common.
struct ClientRules {
  CompressionSet accepted{};
  std::size_t max_metadata_size = 0;
  PropagationOptions propagation{};
};

/// INVALID_ARGUMENT for metadata that would be a header of the envelope.
Result<std::string> request_headers(const ClientRules& rules, const Call& call,
                                    Compression compression);

/// What a reply says; its metadata and trailers are the call's already.
struct ReplyHead {
  Status status;  ///< of the call; not OK also where the reply cannot be read
  Compression compression = Compression::Identity;
};
ReplyHead read_reply(std::string_view headers, const ClientRules& rules, Call& call);

// ---- A server's side ---------------------------------------------------------------------------

struct RequestHead {
  std::shared_ptr<const Codec> codec{};  ///< null: protobuf
  Duration timeout = kForever;
  Compression compression = Compression::Identity;
  CompressionSet accepted{};
  Metadata metadata{};
};
/// Not OK: why the call cannot be served.
Result<RequestHead> read_request(std::string_view headers, const rpc::Dispatcher& dispatcher);

/// `metadata` and `trailers` may be empty.
std::string reply_headers(const Status& status, std::string_view format, Compression compression,
                          const Metadata& metadata, const Metadata& trailers);

}  // namespace weft::nats
