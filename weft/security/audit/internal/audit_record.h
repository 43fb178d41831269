#pragma once

#include <string>

#include "weft/base/status.h"
#include "weft/base/time.h"
#include "weft/rpc/call/call.h"

namespace weft::security::internal {

/// What a policy said of a call.
struct AuditedDecision {
  bool is_made = false;
  bool allowed = false;
  std::string policy{};
  std::string rule{};
};

/// Attached to a call: who only reads the call leaves the decision there.
struct AuditNote {
  mutable AuditedDecision decision{};
};

/// The members of a call's record. What callers choose is cut and escaped.
std::string audit_record(const Call& call, const AuditedDecision& decision, const Status& status,
                         Duration took);
/// The same to the log.
void log_audit(const Call& call, const AuditedDecision& decision, const Status& status,
               Duration took);

}  // namespace weft::security::internal
