#include "tools/weft/transaction/transaction_text.h"

#include <chrono>
#include <cstdint>

#include "weft/base/log/log_value.h"
#include "weft/base/time.h"
#include "weft/storage/sql/timestamp.h"

#include "tools/weft/json/json_members.h"

namespace weft::cli {
namespace {

using transaction::RecordedBranch;
using transaction::TransactionRecord;
using Rows = std::vector<std::vector<std::string>>;

std::string decision_of(const TransactionRecord& record) {
  return record.commit ? "commit" : "abort";
}

std::int64_t seconds_of(Duration age) {
  return std::chrono::floor<std::chrono::seconds>(age).count();
}

}  // namespace

Rows rows_of(const std::vector<TransactionRecord>& records) {
  Rows rows = {
      {"TRANSACTION", "STATE", "DECISION", "DECIDED", "BRANCH", "IS", "PARTICIPANT", "NOTE"}};
  for (const TransactionRecord& record : records) {
    bool first = true;
    for (const RecordedBranch& branch : record.branches) {
      rows.push_back({log_value(record.id), std::string(name_of(record.state)), decision_of(record),
                      sql::to_text(record.decided), log_value(branch.name), branch.outcome,
                      log_value(branch.participant),
                      first && !record.note.empty() ? log_value(record.note) : "-"});
      first = false;
    }
  }
  return rows;
}

Rows rows_of(const std::vector<WaitingBranch>& branches) {
  Rows rows = {{"TRANSACTION", "BRANCH", "COORDINATOR", "AGE", "GID"}};
  for (const WaitingBranch& waiting : branches) {
    const transaction::TwoPhaseBranch& branch = waiting.branch.branch;
    rows.push_back({log_value(branch.transaction), log_value(branch.name),
                    log_value(branch.coordinator),
                    std::to_string(seconds_of(waiting.branch.age)) + "s",
                    waiting.gid.empty() ? "-" : waiting.gid});
  }
  return rows;
}

std::string json_of(const TransactionRecord& record) {
  JsonMembers members;
  members.add("id", record.id).add("state", name_of(record.state));
  members.add("decision", decision_of(record)).add("decided", sql::to_text(record.decided));
  members.add("coordinator", record.coordinator).add("owner", record.owner);
  if (!record.note.empty()) members.add("note", record.note);
  std::vector<std::string> branches;
  for (const RecordedBranch& branch : record.branches) {
    JsonMembers one;
    one.add("name", branch.name).add("participant", branch.participant);
    branches.push_back(one.add("outcome", branch.outcome).object());
  }
  return members.add_json("branches", json_array(branches)).object();
}

std::string json_of(const WaitingBranch& waiting) {
  const transaction::TwoPhaseBranch& branch = waiting.branch.branch;
  JsonMembers members;
  members.add("transaction", branch.transaction).add("branch", branch.name);
  members.add("coordinator", branch.coordinator);
  members.add("age_seconds", seconds_of(waiting.branch.age));
  if (!waiting.gid.empty()) members.add("gid", waiting.gid);
  return members.object();
}

}  // namespace weft::cli
