#pragma once

#include "weft_wire/weft/registry/v1/registry.weft.h"

// The registry's messages and services, of the private copy that weft links (weft_private_protos in
// cmake/WeftProto.cmake).
namespace weft::registry {
namespace v1 = ::weft_wire::weft::registry::v1;
}  // namespace weft::registry
