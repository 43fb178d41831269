#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "weft/rpc/call/metadata.h"
#include "weft/transaction/branch.h"
#include "weft/transaction/two_phase/participant.h"

namespace weft::transaction::internal {

inline constexpr std::string_view kCoordinator = "weft-coordinator";
inline constexpr std::string_view kWork = "weft-work";

/// What call `number` of a branch carries; work_call_of() reads it.
inline Metadata work_metadata(const TwoPhaseBranch& branch, std::uint32_t number) {
  Metadata metadata;
  const Branch fields{
      .transaction = branch.transaction, .name = branch.name, .action = Action::Work};
  fields.write_to(metadata);
  metadata.add(kCoordinator, branch.coordinator);
  metadata.add(kWork, std::to_string(number));
  return metadata;
}

}  // namespace weft::transaction::internal
