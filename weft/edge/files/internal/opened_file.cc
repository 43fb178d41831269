#include "weft/edge/files/internal/opened_file.h"

#include <cerrno>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "weft/base/text/printable.h"

namespace weft::edge {
namespace {

constexpr std::size_t kMostShown = 200;

Status failure(int error, std::string_view what, const std::string& name) {
  const std::string text = std::string(what) + " '" + printable(name.substr(0, kMostShown)) +
                           "': " + std::generic_category().message(error);
  switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ELOOP:         // of links
    case EXDEV:         // it leads out of the folder
    case ENAMETOOLONG:  // so there is none
    case ENXIO:         // a socket
      return not_found(text);
    case EACCES:
    case EPERM:
      return permission_denied(text);
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return resource_exhausted(text);
    case ENOSYS:
      return failed_precondition(text + "; files need openat2() of Linux 5.6");
    default:
      return unavailable(text);
  }
}

/// -1 with errno where it cannot be opened.
int open_beneath(int folder, const char* name) noexcept {
  open_how how{};
  // A pipe is not waited for.
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  constexpr int kTries = 8;  // EAGAIN: something was renamed meanwhile
  long opened = -1;
  for (int i = 0; i < kTries && opened < 0; ++i) {
    opened = ::syscall(SYS_openat2, folder, name, &how, sizeof how);
    if (opened < 0 && errno != EAGAIN && errno != EINTR) break;
  }
  return static_cast<int>(opened);
}

}  // namespace

OpenedFile::~OpenedFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<OpenedFile> OpenedFile::open(const std::string& folder, const std::string& name) {
  const OpenedFile root(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (root.descriptor_ < 0) return failure(errno, "the folder", folder);
  OpenedFile file(open_beneath(root.descriptor_, name.empty() ? "." : name.c_str()));
  if (file.descriptor_ < 0) return failure(errno, "the file", name);
  struct stat found {};
  if (::fstat(file.descriptor_, &found) != 0) return failure(errno, "the file", name);
  if (!S_ISREG(found.st_mode) && !S_ISDIR(found.st_mode)) {
    return not_found("'" + printable(name.substr(0, kMostShown)) + "' is no plain file");
  }
  file.facts_ = {.is_folder = S_ISDIR(found.st_mode),
                 .size = static_cast<std::uint64_t>(found.st_size),
                 .device = found.st_dev,
                 .inode = found.st_ino,
                 .modified_s = found.st_mtim.tv_sec,
                 .modified_ns = found.st_mtim.tv_nsec};
  return file;
}

Result<Bytes> OpenedFile::read(std::uint64_t offset, std::size_t size) const {
  const ChunkRef chunk(Chunk::allocate(size));
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got =
        ::pread(descriptor_, chunk->data() + done, size - done, static_cast<off_t>(offset + done));
    if (got == 0) break;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return unavailable("reading failed: " + std::generic_category().message(errno));
    done += static_cast<std::size_t>(got);
  }
  return Bytes(chunk, chunk->data(), done);
}

Bytes OpenedFile::read_at_once(std::uint64_t offset, std::size_t size) const {
  const ChunkRef chunk(Chunk::allocate(size));
  const iovec room{.iov_base = chunk->data(), .iov_len = size};
  const ssize_t got = ::preadv2(descriptor_, &room, 1, static_cast<off_t>(offset), RWF_NOWAIT);
  return got > 0 ? Bytes(chunk, chunk->data(), static_cast<std::size_t>(got)) : Bytes();
}

}  // namespace weft::edge
