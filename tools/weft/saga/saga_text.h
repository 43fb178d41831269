#pragma once

#include <string>
#include <vector>

#include "weft/transaction/saga/stored_sagas.h"

#include "tools/weft/terminal.h"

namespace weft::cli {

/// Rows for table_of(), with headings. What users and services have chosen is as log_value() shows
/// it.
std::vector<std::vector<std::string>> rows_of(const std::vector<transaction::SagaSummary>& sagas);
std::vector<std::vector<std::string>> rows_of(const std::vector<transaction::StepRecord>& steps);
std::vector<std::vector<std::string>> rows_of(
    const std::vector<transaction::PendingQuestion>& questions);

/// An object on one line. Requests and replies are hexadecimal: their types are not stored.
std::string json_of(const transaction::SagaSummary& saga);
std::string json_of(const transaction::SagaSummary& saga,
                    const std::vector<transaction::StepRecord>& steps);
std::string json_of(const transaction::PendingQuestion& question);

}  // namespace weft::cli
