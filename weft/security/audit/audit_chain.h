#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "weft/base/result.h"

namespace weft::security {

struct AuditVerifyOptions {
  /// AuditOptions::key_file of the program that wrote the files.
  std::string key_file{};
  /// "312:5f2c…": a record that has to be there, from AuditStats::head or an earlier verification.
  std::string expect{};
};

/// What files of records hold.
struct AuditChain {
  std::uint64_t first = 0;  ///< number of the first record, from 1
  std::uint64_t last = 0;
  std::string head{};        ///< "312:5f2c…", of the last
  std::uint64_t calls = 0;   ///< records of calls
  std::uint64_t starts = 0;  ///< records of an opened file
  std::uint64_t lost = 0;    ///< calls whose records were lost, as the records say
  std::uint64_t incomplete =
      0;  ///< bytes behind the last whole record: a crash, or a write under way
};

/// Whether each record of `files`, the oldest first, is as it was written and follows on the one
/// before it. DATA_LOSS naming file, line and what is wrong; FAILED_PRECONDITION for a file of a
/// newer version, or one that needs another key; INVALID_ARGUMENT for a wrong option. Blocks.
Result<AuditChain> verify_audit(const std::vector<std::string>& files,
                                const AuditVerifyOptions& options = {});

}  // namespace weft::security
