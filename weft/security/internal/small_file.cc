#include "weft/security/internal/small_file.h"

#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace weft::security::internal {
namespace {

struct Close {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, Close>;

Status failed(const std::string& path, int error) {
  const std::string what = path + ": " + std::generic_category().message(error);
  return error == ENOENT ? not_found(what) : unavailable(what);
}

/// Null with errno. Without O_NONBLOCK a pipe that nobody writes to would hold the thread for ever.
File open(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (descriptor < 0) return nullptr;
  File file(fdopen(descriptor, "r"));
  if (file == nullptr) {
    const int error = errno;
    ::close(descriptor);
    errno = error;
  }
  return file;
}

}  // namespace

Result<SmallFile> read_small_file(const std::string& path, std::size_t most) {
  const File file = open(path);
  if (file == nullptr) return failed(path, errno);
  struct stat about {};
  if (fstat(fileno(file.get()), &about) != 0) return failed(path, errno);
  if (!S_ISREG(about.st_mode)) return failed_precondition(path + " is not a regular file");
  std::string text(most + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) return failed(path, errno);
  if (text.size() > most) {
    return resource_exhausted(path + " is larger than " + std::to_string(most) + " bytes");
  }
  return SmallFile{std::move(text), about.st_mode};
}

}  // namespace weft::security::internal
