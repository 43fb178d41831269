#include "weft/storage/sqlite/internal/private_file.h"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "weft/base/log.h"

namespace weft::sqlite {
namespace {

constexpr mode_t kPrivate = S_IRUSR | S_IWUSR;

}  // namespace

Status make_private_file(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, kPrivate);
  if (descriptor >= 0) {
    ::close(descriptor);
    return {};
  }
  if (errno == EEXIST) return {};
  return failed_precondition(path + ": " + std::generic_category().message(errno));
}

void keep_private(const std::string& path) {
  // By its path: closing a descriptor of the file would end SQLite's locks on it.
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || (info.st_mode & 077) == 0) return;
  if (::chmod(path.c_str(), kPrivate) == 0) {
    log(LogLevel::Warn, "sqlite: " + path + ": other users could read it; its mode is 0600 now");
  } else {
    log(LogLevel::Warn, "sqlite: " + path +
                            ": other users can read it, and its mode cannot be changed: " +
                            std::generic_category().message(errno));
  }
}

}  // namespace weft::sqlite
