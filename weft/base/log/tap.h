#pragma once

#include "weft/base/log/record.h"

namespace weft {

/// Sees each record that is written, beside the place where its line goes: an exporter. Called by
/// any thread, by several at once; it does not wait, and what it logs itself reaches it too.
class LogTap {
 public:
  virtual ~LogTap() = default;
  virtual void take(const LogRecord& record) noexcept = 0;
};

/// `tap` sees what is written from now on. It is not destroyed before the process ends, because
/// threads may be inside of it. Null: none, as at the beginning.
void set_log_tap(LogTap* tap) noexcept;

}  // namespace weft
