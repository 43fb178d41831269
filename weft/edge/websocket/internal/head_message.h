#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "weft/base/status.h"
#include "weft/rpc/http/http_handler.h"

/// The first message of each side of a WebSocket, a text: fields, one a line.
///
///     authorization: Bearer abc\n
///     connect-timeout-ms: 500\n
namespace weft::edge {

/// Appends the fields of `text` to `fields`, as views of it; "\r\n" ends a line too. `text` is made
/// lower case where names are. INVALID_ARGUMENT for a line that is no field, for a field that the
/// request which opened the WebSocket (the first ones in `fields`) has, and for one that browsers
/// let no page send, or that proxies write: a server may trust these.
Status read_head_message(std::string& text, std::vector<rpc::HttpField>& fields);

/// As the server sends it. INVALID_ARGUMENT for what HTTP does not allow either.
Status write_head_message(rpc::HttpFields fields, std::string& text);

}  // namespace weft::edge
