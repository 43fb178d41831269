#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "weft/base/result.h"
#include "weft/rpc/call/metadata.h"

namespace weft::transaction {

/// What a call does to its branch of a transaction: Do and Undo are a saga's, Try, Confirm and
/// Cancel TCC's; Work is a call of a two-phase commit, whose effect waits for the decision.
enum class Action : std::uint8_t { Do, Undo, Try, Confirm, Cancel, Work };

/// Which part of which saga or transaction a call is. Travels as metadata beside the call, so that
/// any language may take part:
///
///     weft-transaction: trip-4711      the id of the saga or transaction
///     weft-branch: room                the step's name, unique within it
///     weft-action: do                  or undo, try, confirm, cancel, work
///
/// The three together are the call's idempotency key as well.
struct Branch {
  static constexpr std::size_t kMostText = 255;

  std::string transaction;  ///< 1 to 255 visible ASCII characters, no '/'
  std::string name;         ///< as `transaction`
  Action action = Action::Do;

  /// "trip-4711/room/do".
  std::string key() const;
  void write_to(Metadata& metadata) const;
};

std::string_view name_of(Action action) noexcept;

/// What the metadata of a call says: nothing where it has none of the three names;
/// INVALID_ARGUMENT where one of them is missing, comes twice, or is not what it may be: a missing
/// one counts as empty.
Result<std::optional<Branch>> branch_of(const Metadata& metadata);
/// INVALID_ARGUMENT, naming `what`, where `text` may not be an id or a branch's name.
Status check_branch_text(std::string_view what, std::string_view text);

}  // namespace weft::transaction
