#include "weft/transaction/two_phase/internal/recorded_branches.h"

#include <algorithm>

#include "weft/base/text/printable.h"
#include "weft/transaction/branch.h"

namespace weft::transaction::internal {
namespace {

/// What stands before the next space; `line` begins behind that then.
std::string_view take_field(std::string_view& line) {
  const std::string_view field = line.substr(0, line.find(' '));
  line.remove_prefix(std::min(field.size() + 1, line.size()));
  return field;
}

}  // namespace

std::string text_of(const std::vector<RecordedBranch>& branches) {
  std::string text;
  for (const RecordedBranch& branch : branches) {
    text += branch.outcome + " " + branch.name + " " + branch.participant + "\n";
  }
  return text;
}

Result<std::vector<RecordedBranch>> branches_of(std::string_view text) {
  std::vector<RecordedBranch> branches;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    RecordedBranch branch;
    branch.outcome = take_field(line);
    branch.name = take_field(line);
    branch.participant = line;
    if (branch.outcome.empty() || branch.name.empty() || !check_participant(line).ok()) {
      return data_loss("its branches have a line that is none");
    }
    branches.push_back(std::move(branch));
  }
  return branches;
}

Status check_participant(std::string_view name) {
  const bool visible = std::ranges::all_of(name, [](char c) { return c > ' ' && c < '\x7f'; });
  if (visible && !name.empty() && name.size() <= Branch::kMostText) return ok_status();
  return invalid_argument("the participant \"" + printable(name) + "\" has " +
                          std::to_string(name.size()) + " characters; it may have 1 to " +
                          std::to_string(Branch::kMostText) + " visible ASCII ones");
}

}  // namespace weft::transaction::internal
