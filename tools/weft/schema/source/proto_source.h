#pragma once

#include <string>
#include <vector>

#include "weft/base/result.h"

#include "tools/weft/schema/schema.h"

namespace weft::cli {

/// Compiles .proto files. They are looked for below the import directories, which are the current
/// one where none is given; a file that lies in none of them is found where it is. Protobuf's own
/// files are always there. INVALID_ARGUMENT with the compiler's messages, a line each, or naming
/// the file that is missing.
Result<Schema> compile_protos(const std::vector<std::string>& files,
                              const std::vector<std::string>& import_dirs);

}  // namespace weft::cli
