#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "weft/base/fork_mutex.h"
#include "weft/base/status.h"
#include "weft/base/time.h"
#include "weft/net/loop/loop_thread.h"
#include "weft/net/loop/timer.h"
#include "weft/security/audit/audit.h"
#include "weft/security/audit/internal/audit_file.h"

namespace weft::security::internal {

/// Records on their way to a file, and the thread that writes them. From any thread.
class AuditTrail {
 public:
  struct Options {
    std::size_t most_waiting;
    /// Calls are refused rather than records lost.
    bool keeps_all;
    Duration at_end;
  };
  AuditTrail(std::unique_ptr<AuditFile> file, const Options& options);
  AuditTrail(const AuditTrail&) = delete;
  AuditTrail& operator=(const AuditTrail&) = delete;
  /// Writes what waits, for as long as the options say.
  ~AuditTrail();

  /// A place for the record of a call that begins. UNAVAILABLE where there is none, and always OK
  /// where records may be lost. Each place ends with one add(), lose() or give_back().
  Status reserve();
  void give_back();
  /// Takes the members of a record.
  void add(std::string members);
  /// Counts a record that could not be made, in the place of add().
  void lose() noexcept;
  bool flush(Duration longest);

  Status health() const;
  AuditStats stats() const;

 private:
  /// Shared with what is posted to the thread.
  class Writer;
  /// This is a child of the process that made it. Asked of the loop it would be false in a child of
  /// a fork() that came before the thread had begun.
  bool is_parents() const noexcept { return generation_ != fork_generation(); }

  const std::uint32_t generation_ = fork_generation();
  const Options options_;
  std::unique_ptr<net::LoopThread> thread_;
  std::shared_ptr<Writer> writer_;
};

}  // namespace weft::security::internal
