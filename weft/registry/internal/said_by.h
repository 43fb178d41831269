#pragma once

#include <string>
#include <string_view>

#include "weft/base/status.h"

namespace weft::registry {

/// The status with who is meant before its message: "registry host:7070: it ended the watch". A
/// message of the transport's that begins with the address gets the kind alone.
Status said_by(std::string_view kind, const std::string& address, const Status& status);

}  // namespace weft::registry
