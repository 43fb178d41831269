#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "weft/base/result.h"
#include "weft/transaction/two_phase/transaction_record.h"

// The branches of a record as text, for people with a client of SQL: a line for each,
//
//     prepared from bank-a
//     committed to weft://10.0.0.1:7070/bank-b
namespace weft::transaction::internal {

std::string text_of(const std::vector<RecordedBranch>& branches);
/// DATA_LOSS where a line is none.
Result<std::vector<RecordedBranch>> branches_of(std::string_view text);
/// INVALID_ARGUMENT where `name` may not stand in a line: 1 to 255 visible ASCII characters.
Status check_participant(std::string_view name);

}  // namespace weft::transaction::internal
