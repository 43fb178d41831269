#pragma once

#include <string>

#include "weft/base/status.h"

namespace weft::cli {

/// Makes a folder that only this user can look into (0700), and the ones above it as usual. One
/// that is there stays as it is; that others may change it is said on the log, for they could put
/// another file in the place of one of ours.
Status make_private_folder(const std::string& path);

}  // namespace weft::cli
