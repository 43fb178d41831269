#pragma once

#include "weft/registry/etcd/internal/etcd_wire.h"
#include "weft/rpc/call/method.h"

#include "weft_wire/etcd/txn.weft.h"

// Methods of etcd's services whose messages rpc.proto does not have.
namespace weft::registry {

inline constexpr MethodDescriptor kTxn{.name = "Txn", .path = "/etcdserverpb.KV/Txn"};
inline constexpr MethodDescriptor kLeaseTimeToLive{.name = "LeaseTimeToLive",
                                                   .path = "/etcdserverpb.Lease/LeaseTimeToLive"};

}  // namespace weft::registry
