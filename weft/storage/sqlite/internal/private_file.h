#pragma once

#include <string>

#include "weft/base/status.h"

namespace weft::sqlite {

/// Makes an empty file that only this user can read and write (0600), whatever the umask; leaves
/// one that is there. SQLite gives its other files the same mode.
Status make_private_file(const std::string& path);

/// Takes a file that is there from everybody else (0600), and says so on the log.
void keep_private(const std::string& path);

}  // namespace weft::sqlite
