#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "weft/cluster/resolvers/endpoint_json.h"
#include "weft/cluster/resolvers/internal/basic_resolvers.h"
#include "weft/cluster/resolvers/internal/target_options.h"

namespace weft::cluster {
namespace {

// One stat() a second costs nothing, and unlike inotify it sees what happens to a symbolic link,
// to a directory on the way and on a network's file system.
constexpr Duration kInterval = std::chrono::seconds(1);
// Reading holds the loop up: a hundred thousand endpoints, and not a disk image.
constexpr std::int64_t kMostBytes = std::int64_t{16} << 20;

struct Stamp {
  std::int64_t changed = 0;  // nanoseconds; also when it was given other rights
  std::int64_t size = 0;
  ino_t inode = 0;
  dev_t device = 0;
  int error = 0;
  friend bool operator==(const Stamp&, const Stamp&) = default;
};

Stamp stamp_of(const std::string& path) noexcept {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0)
    return {.changed = 0, .size = 0, .inode = 0, .device = 0, .error = errno};
  return {.changed = std::int64_t{info.st_ctim.tv_sec} * 1000000000 + info.st_ctim.tv_nsec,
          .size = info.st_size,
          .inode = info.st_ino,
          .device = info.st_dev,
          .error = 0};
}

class OpenFile {
 public:
  // O_NONBLOCK: opening a pipe that nobody writes to does not wait.
  explicit OpenFile(const std::string& path)
      : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const noexcept { return fd_; }

 private:
  int fd_;
};

Status system_error(int error) { return unavailable(std::strerror(error)); }

Result<std::string> read_file(const std::string& path) {
  const OpenFile file(path);
  struct stat info {};
  if (file.fd() < 0 || ::fstat(file.fd(), &info) != 0) return system_error(errno);
  if (!S_ISREG(info.st_mode)) return unavailable("not a regular file");
  std::string text;
  for (;;) {
    const std::size_t had = text.size();
    text.resize(had + 65536);
    const ssize_t got = ::read(file.fd(), text.data() + had, text.size() - had);
    if (got < 0 && errno != EINTR) return system_error(errno);
    text.resize(had + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0) return text;
    if (static_cast<std::int64_t>(text.size()) > kMostBytes) {
      return unavailable("it is longer than 16 MiB, which is the limit");
    }
  }
}

class FileResolver final : public Resolver {
 public:
  explicit FileResolver(std::string path) : path_(std::move(path)) {}

  Task<> run(Updates& updates) override {
    std::optional<Stamp> read;
    for (;;) {
      // Before it is read, so that what is written meanwhile is seen as a change.
      const Stamp now = stamp_of(path_);
      if (read != now) {
        const bool had_text = tell(updates);
        // What keeps a file from being read may pass without a trace on the file.
        read = had_text ? std::optional<Stamp>(now) : std::nullopt;
      }
      const Status again = co_await updates.wanted(kInterval, kInterval);
      if (!again.ok()) co_return;
    }
  }

 private:
  /// False where the file could not be read.
  bool tell(Updates& updates) {
    const Result<std::string> text = read_file(path_);
    Result<std::vector<Endpoint>> list =
        text ? endpoints_from_json(*text) : Result<std::vector<Endpoint>>(text.status());
    if (list.ok() && !list->empty()) {
      unreadable_ = Status();
      updates.publish(*std::move(list));
      return true;
    }
    const Status why = list.ok() ? unavailable("it lists no endpoints") : list.status();
    // Told once, though it is looked at every second.
    if (!text.ok() && text.status() == unreadable_) return false;
    unreadable_ = text.status();
    updates.fail(unavailable("file '" + path_ + "': " + std::string(why.message())));
    return text.ok();
  }

  const std::string path_;
  Status unreadable_;
};

}  // namespace

Result<std::unique_ptr<Resolver>> file_resolver(const TargetParts& target) {
  if (Status status = refuse_options(target); !status.ok()) return status;
  const bool absolute =
      std::string_view(target.text).substr(target.scheme.size()).starts_with("://");
  if (!target.authority.empty() || target.path.empty()) {
    return invalid_argument("target '" + target.text +
                            "': expected file:///absolute/path or file:relative/path");
  }
  return std::unique_ptr<Resolver>(
      std::make_unique<FileResolver>((absolute ? "/" : "") + target.path));
}

}  // namespace weft::cluster
