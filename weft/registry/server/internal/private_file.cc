#include "weft/registry/server/internal/private_file.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "weft/base/log.h"

namespace weft::registry {
namespace {

constexpr mode_t kPrivate = S_IRUSR | S_IWUSR;

std::string octal(mode_t mode) {
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "%04o", static_cast<unsigned>(mode & 07777));
  return text.data();
}

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
  const std::string before = "registry: " + path + ": mode " + octal(info.st_mode);
  if (::chmod(path.c_str(), kPrivate) == 0) {
    log(LogLevel::Warn, before + " let other users read the registry; it is 0600 now");
  } else {
    log(LogLevel::Warn, before + " lets other users read the registry, and cannot be changed: " +
                            std::generic_category().message(errno));
  }
}

}  // namespace weft::registry
