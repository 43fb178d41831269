#pragma once

#include <atomic>
#include <string>

#include "weft/base/status.h"
#include "weft/storage/sqlite/internal/connection.h"

namespace weft::sqlite {

/// Copies a database, as it is when this begins, to the new file `path`; blocks. CANCELLED once
/// `cancelled` is set; then, and where it fails, nothing is left.
Status copy_file(ConnectionOptions source, const std::string& path,
                 const std::atomic<bool>& cancelled);

}  // namespace weft::sqlite
