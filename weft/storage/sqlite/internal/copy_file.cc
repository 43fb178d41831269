#include "weft/storage/sqlite/internal/copy_file.h"

#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include "weft/storage/sqlite/internal/private_file.h"
#include "weft/storage/sqlite/internal/sqlite_error.h"

namespace weft::sqlite {
namespace {

// 1 MiB: between two looks whether it is still wanted.
constexpr int kPagesAtOnce = 256;

Status system_error(const std::string& path) {
  return failed_precondition(path + ": " + std::generic_category().message(errno));
}

/// Copies page by page inside one read transaction, which holds the state of its beginning.
Status copy_pages(Connection& source, const std::string& path, const std::atomic<bool>& cancelled) {
  sqlite3* copy = nullptr;
  int code =
      sqlite3_open_v2(path.c_str(), &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  Status status;
  if (code == SQLITE_OK) {
    sqlite3_backup* const backup = sqlite3_backup_init(copy, "main", source.handle(), "main");
    while (backup != nullptr && !cancelled && code == SQLITE_OK) {
      code = sqlite3_backup_step(backup, kPagesAtOnce);
    }
    const int ended = sqlite3_backup_finish(backup);
    if (ended != SQLITE_OK) code = ended;
  }
  if (cancelled) {
    status = weft::cancelled("the backup was cancelled");
  } else if (code != SQLITE_DONE) {
    status = last_error(copy, code, path);
  }
  sqlite3_close_v2(copy);
  return status;
}

Status force_to_disk(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return system_error(path);
  const int code = ::fsync(descriptor);
  const Status status = code == 0 ? Status() : system_error(path);
  ::close(descriptor);
  return status;
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

}  // namespace

Status copy_file(ConnectionOptions source_options, const std::string& path,
                 const std::atomic<bool>& cancelled) {
  if (::access(path.c_str(), F_OK) == 0) return already_exists(path + ": there is a file already");
  source_options.role = Role::Reader;
  Connection source(std::move(source_options));
  Status status = source.open();
  // A SELECT takes the state; BEGIN alone would wait for the first page.
  if (status.ok()) status = source.execute("BEGIN; SELECT count(*) FROM sqlite_master");
  if (!status.ok()) return status;
  const std::string part = path + ".part";
  static_cast<void>(::unlink(part.c_str()));  // of a backup that was cut off
  status = make_private_file(part);
  if (status.ok()) status = copy_pages(source, part, cancelled);
  if (status.ok()) status = force_to_disk(part);
  // link() and not rename(), which would replace a file that has come meanwhile.
  if (status.ok() && ::link(part.c_str(), path.c_str()) != 0) {
    status =
        errno == EEXIST ? already_exists(path + ": there is a file already") : system_error(path);
  }
  static_cast<void>(::unlink(part.c_str()));
  return status.ok() ? force_to_disk(folder_of(path)) : status;
}

}  // namespace weft::sqlite
