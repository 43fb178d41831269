#include "weft/middleware/limits/priority.h"

#include "weft/middleware/internal/unusable.h"

namespace weft {

std::string_view name_of(Priority priority) noexcept {
  switch (priority) {
    case Priority::CriticalPlus:
      return "critical-plus";
    case Priority::Critical:
      break;
    case Priority::SheddablePlus:
      return "sheddable-plus";
    case Priority::Sheddable:
      return "sheddable";
  }
  return "critical";
}

Priority priority_of(const Call& call) {
  const std::string_view name = call.request_metadata().get("priority").value_or("");
  for (const Priority priority :
       {Priority::CriticalPlus, Priority::SheddablePlus, Priority::Sheddable}) {
    if (name == name_of(priority)) return priority;
  }
  return Priority::Critical;
}

double PriorityShares::of(const Call& call) const {
  switch (priority ? priority(call) : priority_of(call)) {
    case Priority::CriticalPlus:
      return critical_plus;
    case Priority::Critical:
      break;
    case Priority::SheddablePlus:
      return sheddable_plus;
    case Priority::Sheddable:
      return sheddable;
  }
  return critical;
}

Status validate(const PriorityShares& shares) {
  double above = 1;
  const auto check = [&above](std::string_view name, double share) {
    if (share > 0 && share <= above) {
      above = share;
      return Status();
    }
    return middleware::impossible(name, share,
                                  "must be more than 0, at most 1, and not more than the share of "
                                  "the class above it");
  };
  Status status = check("PriorityShares::critical_plus", shares.critical_plus);
  if (status.ok()) status = check("PriorityShares::critical", shares.critical);
  if (status.ok()) status = check("PriorityShares::sheddable_plus", shares.sheddable_plus);
  if (status.ok()) status = check("PriorityShares::sheddable", shares.sheddable);
  return status;
}

}  // namespace weft
