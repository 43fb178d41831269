#pragma once

#include <string>
#include <vector>

#include "weft/transaction/two_phase/participant.h"
#include "weft/transaction/two_phase/transaction_record.h"

#include "tools/weft/terminal.h"

namespace weft::cli {

/// A branch that waits for its decision, in a participant's database.
struct WaitingBranch {
  transaction::InDoubt branch;
  std::string gid;  ///< of its prepared transaction; empty: it is a reservation
};

/// Rows for table_of(), with headings: a row for each branch of a transaction. What users have
/// chosen is as log_value() shows it.
std::vector<std::vector<std::string>> rows_of(
    const std::vector<transaction::TransactionRecord>& records);
std::vector<std::vector<std::string>> rows_of(const std::vector<WaitingBranch>& branches);

/// An object on one line.
std::string json_of(const transaction::TransactionRecord& record);
std::string json_of(const WaitingBranch& waiting);

}  // namespace weft::cli
