#include "weft/registry/registry.h"

namespace weft::registry {

void register_schemes() {}

namespace {

[[maybe_unused]] const bool kRegistered = (register_schemes(), true);

}  // namespace
}  // namespace weft::registry

/// What the linker is told to look for (weft/registry/CMakeLists.txt), so that this file is part of
/// every program that is linked with the library.
extern "C" {
extern const char weft_registry_schemes;
const char weft_registry_schemes = 0;
}
