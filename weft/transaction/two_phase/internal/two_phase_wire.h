#pragma once

#include "weft_wire/weft/transaction/v1/two_phase.weft.h"

// The messages and services of two-phase commit, of the private copy that weft links
// (weft_private_protos in cmake/WeftProto.cmake).
namespace weft::transaction {
namespace v1 = ::weft_wire::weft::transaction::v1;
}  // namespace weft::transaction
