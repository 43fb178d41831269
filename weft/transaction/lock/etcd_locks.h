#pragma once

#include <string>
#include <string_view>

#include "weft/base/result.h"
#include "weft/net/loop/loop.h"
#include "weft/transaction/lock/locks.h"

namespace weft::transaction {

/// Locks in etcd, as keys below the prefix of `target`: etcd://host:2379[,...]/prefix, with the
/// options of docs/reference/targets.md. The token is the key's create revision. `holder` as for
/// Locks::open(). These Locks are used on `loop` only, which outlives them. INVALID_ARGUMENT for
/// another target or too long a holder.
///
/// A lease lasts whole seconds, at least etcd's own least (2 s by default). Locks::check() is
/// UNIMPLEMENTED: the resource keeps the greatest token that it has seen (Jepsen, etcd 3.4.3: locks
/// of etcd alone do not exclude).
Result<Locks> etcd_locks(net::Loop& loop, std::string_view target, std::string holder = {});

}  // namespace weft::transaction
