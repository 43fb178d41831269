#include "weft/transaction/branch.h"

#include <algorithm>
#include <array>
#include <utility>

#include "weft/base/text/printable.h"

namespace weft::transaction {
namespace {

constexpr std::string_view kTransaction = "weft-transaction";
constexpr std::string_view kBranch = "weft-branch";
constexpr std::string_view kAction = "weft-action";
constexpr std::array<std::string_view, 6> kActions = {"do",      "undo",   "try",
                                                      "confirm", "cancel", "work"};

struct Fields {
  std::string_view transaction;
  std::string_view branch;
  std::string_view action;
};

/// A field has no data where it is missing.
Result<Fields> fields_of(const Metadata& metadata) {
  Fields fields;
  for (const Metadata::Entry entry : metadata) {
    std::string_view* const field = entry.name == kTransaction ? &fields.transaction
                                    : entry.name == kBranch    ? &fields.branch
                                    : entry.name == kAction    ? &fields.action
                                                               : nullptr;
    if (field == nullptr) continue;
    if (field->data() != nullptr) {
      return invalid_argument("the call has several fields \"" + std::string(entry.name) + "\"");
    }
    *field = entry.value;
  }
  return fields;
}

Result<Action> action_of(std::string_view text) {
  const auto* const found = std::ranges::find(kActions, text);
  if (found == kActions.end()) {
    return invalid_argument("weft-action is \"" + printable(text) +
                            "\"; it may be do, undo, try, confirm, cancel or work");
  }
  return static_cast<Action>(found - kActions.begin());
}

}  // namespace

std::string_view name_of(Action action) noexcept {
  return kActions[static_cast<std::size_t>(action)];
}

std::string Branch::key() const {
  std::string key = transaction;
  key.append("/").append(name).append("/").append(name_of(action));
  return key;
}

void Branch::write_to(Metadata& metadata) const {
  metadata.add(kTransaction, transaction);
  metadata.add(kBranch, name);
  metadata.add(kAction, name_of(action));
}

Status check_branch_text(std::string_view what, std::string_view text) {
  if (text.empty()) return invalid_argument(std::string(what) + " is empty");
  if (text.size() > Branch::kMostText) {
    return invalid_argument(std::string(what) + " has " + std::to_string(text.size()) +
                            " bytes, more than the " + std::to_string(Branch::kMostText) +
                            " that it may have");
  }
  const bool visible = std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
  // A slash would let two branches share a key.
  if (visible && text.find('/') == std::string_view::npos) return ok_status();
  return invalid_argument(std::string(what) + " \"" + printable(text) +
                          "\" has something else than visible ASCII characters without '/'");
}

Result<std::optional<Branch>> branch_of(const Metadata& metadata) {
  const Result<Fields> fields = fields_of(metadata);
  if (!fields.ok()) return fields.status();
  if (fields->transaction.data() == nullptr && fields->branch.data() == nullptr &&
      fields->action.data() == nullptr) {
    return std::optional<Branch>();
  }
  if (Status status = check_branch_text(kTransaction, fields->transaction); !status.ok()) {
    return status;
  }
  if (Status status = check_branch_text(kBranch, fields->branch); !status.ok()) return status;
  const Result<Action> action = action_of(fields->action);
  if (!action.ok()) return action.status();
  return std::optional<Branch>(Branch{.transaction = std::string(fields->transaction),
                                      .name = std::string(fields->branch),
                                      .action = *action});
}

}  // namespace weft::transaction
