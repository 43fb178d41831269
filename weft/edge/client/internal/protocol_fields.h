#pragma once

#include <string_view>

#include "weft/base/status.h"
#include "weft/http1/client/fields.h"
#include "weft/rpc/call/metadata.h"

/// Fields and trailers of Connect and gRPC-Web, and the metadata among them.
namespace weft::edge {

/// Fields of HTTP or of a protocol, which are no metadata: in lower case.
bool is_protocol_field(std::string_view name) noexcept;

/// Adds what a server sent as metadata, within `limit` bytes of it. RESOURCE_EXHAUSTED where it is
/// more, INTERNAL for a name or a value that no field can have. Fields of the protocol are passed
/// over, and a `-bin` value that is not base64, as in gRPC.
Status add_received(std::string_view name, std::string_view value, Metadata& metadata,
                    std::size_t limit);

/// The metadata of a response's head. Of a unary Connect call the fields `trailer-*` are
/// `trailers`; null: they are no trailers here.
Status read_metadata(const http1::Fields& fields, Metadata& metadata, Metadata* trailers,
                     std::size_t limit);

/// What `grpc-status` and its like say; nothing to say is an empty code.
struct GrpcEnd {
  std::string code;
  std::string message;
  std::string details;
  /// The field's value, where it is one of the three.
  bool take(std::string_view name, std::string_view value);
  Status status() const;
};

/// The last envelope of gRPC-Web: lines `name: value`. INTERNAL where it is not that, or has no
/// grpc-status.
Status read_web_end(std::string_view text, Metadata& trailers, std::size_t limit);

}  // namespace weft::edge
