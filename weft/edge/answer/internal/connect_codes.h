#pragma once

#include <array>
#include <string_view>

namespace weft::edge {

/// A code as Connect names it, and the HTTP status of a unary call that ends with it
/// (connectrpc.com/docs/protocol, "Error codes").
struct ConnectCode {
  std::string_view name;
  int http;
};

/// By StatusCode. 408 is not among the HTTP statuses: clients of HTTP repeat such a request.
inline constexpr std::array<ConnectCode, 17> kConnectCodes = {{{"ok", 200},
                                                               {"canceled", 499},
                                                               {"unknown", 500},
                                                               {"invalid_argument", 400},
                                                               {"deadline_exceeded", 504},
                                                               {"not_found", 404},
                                                               {"already_exists", 409},
                                                               {"permission_denied", 403},
                                                               {"resource_exhausted", 429},
                                                               {"failed_precondition", 400},
                                                               {"aborted", 409},
                                                               {"out_of_range", 400},
                                                               {"unimplemented", 501},
                                                               {"internal", 500},
                                                               {"unavailable", 503},
                                                               {"data_loss", 500},
                                                               {"unauthenticated", 401}}};

}  // namespace weft::edge
