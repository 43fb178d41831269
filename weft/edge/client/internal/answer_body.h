#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "weft/base/bytes.h"
#include "weft/base/result.h"
#include "weft/coro/task.h"
#include "weft/edge/client/internal/content_kind.h"
#include "weft/http1/client/response_stream.h"

/// What the body of a response is, and what is wrong with it.
namespace weft::edge {

/// Whether a content-type is this media type, in any case, with or without parameters. `wanted` of
/// gRPC-Web in protobuf is also meant by the one without a format.
bool is_type(std::string_view content_type, std::string_view wanted) noexcept;

/// The whole body; RESOURCE_EXHAUSTED where it is more than such a content may have.
Task<Result<Bytes>> read_body(http1::ResponseStream& stream, ContentKind kind);

/// What comes of a body, up to `limit` bytes: less where it breaks off or the time is over.
Task<std::string> read_beginning(http1::ResponseStream& stream, std::size_t limit);

/// The beginning of a body for an error's text, ": down"; empty where there is nothing to show.
std::string shown_body(std::string_view body);

/// The status that an answer stands for which is not of the call's protocol: a proxy's page, for
/// one. It shows what was expected, what came, and the beginning of the body.
Task<Status> foreign_answer(http1::ResponseStream stream, std::string expected);

/// A body that has ended without the end of its stream.
Status no_end(bool at_boundary, bool web);
/// One that goes on behind it.
Status behind_the_end();

}  // namespace weft::edge
