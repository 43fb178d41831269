#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "weft/base/bytes.h"
#include "weft/base/status.h"
#include "weft/base/time.h"
#include "weft/codec/codec.h"
#include "weft/codec/compression.h"
#include "weft/edge/internal/request_kind.h"
#include "weft/rpc/call/metadata.h"
#include "weft/rpc/server/dispatcher.h"

namespace weft::edge {

/// What the head of a request says of its call.
struct CallRequest {
  /// Not OK: the call cannot be served.
  Status status;
  /// Which HTTP status says so; 0: that of the code.
  int http_status = 0;
  Protocol protocol = Protocol::ConnectUnary;
  std::string_view path;    ///< a view of the head
  std::string_view format;  ///< of the messages: "proto", or the codec's name
  const rpc::Route* route = nullptr;
  std::shared_ptr<const Codec> codec;  ///< null: protobuf
  Metadata metadata;
  Duration timeout = kForever;
  Compression compression = Compression::Identity;  ///< of the request
  CompressionSet accepted;                          ///< of the response
  std::optional<Bytes> content;                     ///< where it is no content of the request
  std::string allow;                                ///< methods of the path, for 405
};

/// Reads the fields that every protocol has: timeout, encodings, metadata.
Status read_fields(CallRequest& request, const rpc::HttpHead& head, const rpc::CallRules& rules);

/// Of a request to the path of a method that calls it by no protocol: refused, and by which HTTP
/// status.
CallRequest no_call(const rpc::HttpHead& head, const rpc::Dispatcher& dispatcher);

/// Reads it. `json` is the codec of JSON where the dispatcher has none.
CallRequest read_request(const rpc::HttpHead& head, const RequestKind& kind,
                         const rpc::Dispatcher& dispatcher,
                         const std::shared_ptr<const Codec>& json);

}  // namespace weft::edge
