#include "weft/security/audit/internal/audit_file.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "weft/base/text/utc_text.h"

namespace weft::security::internal {
namespace {

constexpr ::mode_t kMode = 0600;

std::string time_text() {
  return utc_text(std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()));
}

}  // namespace

Result<std::unique_ptr<AuditFile>> AuditFile::open(std::string path, AuditHasher hasher) {
  std::unique_ptr<AuditFile> file(new AuditFile(std::move(path), std::move(hasher)));
  Status opened = file->open_path();
  if (opened.ok()) opened = file->write();
  if (!opened.ok()) return opened;
  return file;
}

AuditFile::~AuditFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Status AuditFile::failed(std::string_view what) const {
  return failed_precondition(path_ + ": " + std::string(what) + ": " +
                             std::generic_category().message(errno));
}

/// The descriptor there was is closed only when the new one is good.
Status AuditFile::open_path() {
  // A pipe without a reader is not waited for.
  const int opened =
      ::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, kMode);
  if (opened < 0) return failed("the file cannot be opened");
  const int before = std::exchange(descriptor_, opened);
  struct stat of {};
  Status status;
  std::uint64_t torn = 0;
  if (::fstat(opened, &of) != 0) {
    status = failed("the file cannot be looked at");
  } else if (!S_ISREG(of.st_mode)) {
    status = failed_precondition(path_ + " is no regular file");
  } else if (::flock(opened, LOCK_EX | LOCK_NB) != 0) {
    status = failed_precondition(path_ + " is being written by another process or Audit");
  } else {
    status = continue_from(of.st_size, torn);
  }
  if (!status.ok()) {
    ::close(std::exchange(descriptor_, before));
    return status;
  }
  if (before >= 0) ::close(before);
  add_start(torn);
  return {};
}

Result<std::string> AuditFile::read_at(off_t from, std::size_t size) const {
  std::string text(size, '\0');
  std::size_t have = 0;
  while (have < size) {
    const ssize_t got =
        ::pread(descriptor_, text.data() + have, size - have, from + static_cast<off_t>(have));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return failed("the file cannot be read");
    have += static_cast<std::size_t>(got);
  }
  return text;
}

/// A file that has records: its first says of which kind they are, and its last where they end.
Status AuditFile::continue_from(off_t size, std::uint64_t& torn) {
  if (size == 0) return {};
  const std::size_t most = std::min<std::size_t>(kMostAuditLine, static_cast<std::size_t>(size));
  const Result<std::string> begin = read_at(0, most);
  if (!begin.ok()) return begin.status();
  const Result<std::string> end = read_at(size - static_cast<off_t>(most), most);
  if (!end.ok()) return end.status();
  const std::size_t first_end = begin->find('\n');
  const std::size_t last_end = end->rfind('\n');
  if (first_end == std::string::npos || last_end == std::string::npos) {
    return failed_precondition(path_ + " has no whole record within " + std::to_string(most) +
                               " bytes");
  }
  const auto first = parse_line(std::string_view(*begin).substr(0, first_end));
  if (!first) return failed_precondition(path_ + " begins with something else than a record");
  Status known = check_start(*first, hasher_);
  if (!known.ok()) return failed_precondition(path_ + ": " + std::string(known.message()));
  const std::string_view whole = std::string_view(*end).substr(0, last_end);
  const std::size_t before = whole.rfind('\n');
  const auto last = parse_line(before == std::string_view::npos ? whole : whole.substr(before + 1));
  if (!last || hasher_(last->hashed) != last->hash) {
    return failed_precondition(path_ +
                               " ends with a record that was changed, or belongs to another key: "
                               "verify it (weft audit verify), and move it away");
  }
  torn = end->size() - last_end - 1;
  if (torn != 0 && ::ftruncate(descriptor_, size - static_cast<off_t>(torn)) != 0) {
    return failed("its unfinished last line cannot be cut off");
  }
  last_ = {last->seq, last->hash};
  return {};
}

void AuditFile::add_start(std::uint64_t torn) {
  std::string members = R"("event":"start","version":)";
  members.append(std::to_string(kAuditVersion));
  members.append(R"(,"chain":")").append(hasher_.name()).append("\"");
  members.append(R"(,"time":")").append(time_text()).append("\"");
  members.append(R"(,"process":)").append(std::to_string(::getpid()));
  if (torn != 0) members.append(R"(,"cut_bytes":)").append(std::to_string(torn));
  add(members);
}

void AuditFile::add_lost(std::uint64_t calls) {
  add(R"("event":"lost","calls":)" + std::to_string(calls) + R"(,"time":")" + time_text() + "\"");
}

/// Somebody rotates files by moving them away.
Status AuditFile::follow() {
  struct stat there {};
  struct stat here {};
  if (::fstat(descriptor_, &here) != 0) return failed("the file cannot be looked at");
  if (::stat(path_.c_str(), &there) == 0 && there.st_ino == here.st_ino &&
      there.st_dev == here.st_dev) {
    return {};
  }
  // What was added before belongs to the old file, as its last records.
  Status written = write_pending();
  if (!written.ok()) return written;
  return open_path();
}

Status AuditFile::write() {
  Status status = follow();
  if (status.ok()) status = write_pending();
  return status;
}

Status AuditFile::write_pending() {
  if (pending_.empty()) return {};
  std::size_t done = 0;
  Status status;
  while (done < pending_.size() && status.ok()) {
    const ssize_t wrote = ::write(descriptor_, pending_.data() + done, pending_.size() - done);
    if (wrote >= 0) {
      done += static_cast<std::size_t>(wrote);
    } else if (errno != EINTR) {
      status = failed("records cannot be written");
    }
  }
  pending_.erase(0, done);
  if (status.ok() && ::fdatasync(descriptor_) != 0) status = failed("records cannot be synced");
  return status;
}

}  // namespace weft::security::internal
