#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "weft/base/result.h"
#include "weft/security/audit/internal/chain.h"

namespace weft::security::internal {

/// The file of a chain of records, which one process at a time adds to. Waits for its disk; for one
/// thread at a time.
class AuditFile {
 public:
  /// Goes on where the file ends: a line that a crash has left unfinished is cut off, which the
  /// record of this start says. FAILED_PRECONDITION and others as Audit::open().
  static Result<std::unique_ptr<AuditFile>> open(std::string path, AuditHasher hasher);
  AuditFile(const AuditFile&) = delete;
  AuditFile& operator=(const AuditFile&) = delete;
  ~AuditFile();

  /// Adds a record to what write() will write.
  void add(std::string_view members) { append_line(pending_, members, hasher_, last_); }
  /// The number of calls whose records were lost is a record, too.
  void add_lost(std::uint64_t calls);
  /// Writes and syncs what was added. Where that fails the rest is kept for the next time. Opens
  /// the path again where somebody has moved the file away: the chain goes on there.
  Status write();
  const AuditPoint& last() const noexcept { return last_; }

 private:
  AuditFile(std::string path, AuditHasher hasher) noexcept
      : path_(std::move(path)), hasher_(std::move(hasher)) {}
  Status open_path();
  Status continue_from(off_t size, std::uint64_t& torn);
  Status follow();
  Status write_pending();
  void add_start(std::uint64_t torn);
  Status failed(std::string_view what) const;
  Result<std::string> read_at(off_t from, std::size_t size) const;

  const std::string path_;
  const AuditHasher hasher_;
  int descriptor_ = -1;
  AuditPoint last_;
  std::string pending_;
};

}  // namespace weft::security::internal
