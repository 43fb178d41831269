#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "weft/base/result.h"
#include "weft/transaction/two_phase/participant.h"

// Names of prepared transactions in PostgreSQL: "weft2:COORDINATOR/TRANSACTION/BRANCH", where
// what is not of A-Z, a-z, 0-9 and "-_.:" stands as %XX. They say all that recovery needs.
namespace weft::transaction::internal {

inline constexpr std::string_view kGidPrefix = "weft2:";
/// PostgreSQL's limit is below 200 bytes.
inline constexpr std::size_t kMostGid = 199;

/// INVALID_ARGUMENT where it would be longer.
Result<std::string> gid_of(const TwoPhaseBranch& branch);
/// Nothing where it is not one of ours.
std::optional<TwoPhaseBranch> branch_of_gid(std::string_view gid);

}  // namespace weft::transaction::internal
