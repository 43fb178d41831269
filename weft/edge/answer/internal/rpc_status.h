#pragma once

#include <string>

#include "weft/base/status.h"

namespace weft::edge {

/// Appends a google.rpc.Status as JSON: `{"code": 5, "message": ..., "details": [...]}`. Details
/// whose type the program does not have are `{"@type": ..., "@value": "<base64>"}`; those that are
/// not a google.rpc.Status are left out.
void append_rpc_status(std::string& out, const Status& status);

}  // namespace weft::edge
