#pragma once

#include "weft_wire/etcd/rpc.weft.h"

// etcd's messages and services, of the private copy that weft links (weft_private_protos in
// cmake/WeftProto.cmake).
namespace weft::registry {
namespace etcdserverpb = ::weft_wire::etcdserverpb;
namespace mvccpb = ::weft_wire::mvccpb;
}  // namespace weft::registry
