#include "weft/messaging/log/internal/disk.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace weft::messaging::stored {
namespace {

constexpr mode_t kPrivateFile = S_IRUSR | S_IWUSR;
constexpr mode_t kPrivateFolder = S_IRWXU;

Status failure(int error, std::string_view what, const std::string& path) {
  const std::string text =
      path + ": " + std::string(what) + ": " + std::generic_category().message(error);
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return not_found(text);
    case EACCES:
    case EPERM:
    case EROFS:
      return permission_denied(text);
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EMFILE:
    case ENFILE:
      return resource_exhausted(text);
    default:
      return failed_precondition(text);
  }
}

class Descriptor {
 public:
  explicit Descriptor(int number) noexcept : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int get() const noexcept { return number_; }

 private:
  int number_;
};

class SystemFile final : public File {
 public:
  SystemFile(std::string path, Descriptor descriptor)
      : path_(std::move(path)), descriptor_(std::move(descriptor)) {}

  Status write(std::uint64_t at, std::string_view data) override {
    while (!data.empty()) {
      const ssize_t wrote =
          ::pwrite(descriptor_.get(), data.data(), data.size(), static_cast<off_t>(at));
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote < 0) return failure(errno, "writing", path_);
      at += static_cast<std::uint64_t>(wrote);
      data.remove_prefix(static_cast<std::size_t>(wrote));
    }
    return {};
  }

  Result<std::string> read(std::uint64_t at, std::size_t most) const override {
    std::string data(most, '\0');
    std::size_t have = 0;
    while (have < most) {
      const ssize_t got = ::pread(descriptor_.get(), data.data() + have, most - have,
                                  static_cast<off_t>(at + have));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return failure(errno, "reading", path_);
      if (got == 0) break;
      have += static_cast<std::size_t>(got);
    }
    data.resize(have);
    return data;
  }

  Status sync() override {
    return ::fdatasync(descriptor_.get()) == 0 ? Status() : failure(errno, "syncing", path_);
  }

  Status truncate(std::uint64_t size) override {
    if (::ftruncate(descriptor_.get(), static_cast<off_t>(size)) == 0) return {};
    return failure(errno, "truncating", path_);
  }

  Result<std::uint64_t> size() const override {
    struct stat info {};
    if (::fstat(descriptor_.get(), &info) != 0) return failure(errno, "reading", path_);
    return static_cast<std::uint64_t>(info.st_size);
  }

 private:
  const std::string path_;
  const Descriptor descriptor_;
};

class SystemLock final : public Disk::Lock {
 public:
  explicit SystemLock(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

 private:
  const Descriptor descriptor_;
};

class SystemDisk final : public Disk {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, Open how) override {
    const int flags = O_RDWR | O_CLOEXEC | (how == Open::Emptied ? O_CREAT | O_TRUNC : 0);
    Descriptor descriptor(::open(path.c_str(), flags, kPrivateFile));
    if (descriptor.get() < 0) return failure(errno, "opening", path);
    return std::unique_ptr<File>(std::make_unique<SystemFile>(path, std::move(descriptor)));
  }

  Status remove(const std::string& path) override {
    return ::unlink(path.c_str()) == 0 ? Status() : failure(errno, "removing", path);
  }

  Result<std::vector<std::string>> list(const std::string& folder) override {
    std::error_code error;
    std::filesystem::directory_iterator entries(folder, error);
    std::vector<std::string> names;
    while (!error && entries != std::filesystem::directory_iterator()) {
      names.push_back(entries->path().filename().string());
      entries.increment(error);
    }
    if (error) return failure(error.value(), "listing", folder);
    std::ranges::sort(names);
    return names;
  }

  Status make_folder(const std::string& folder) override {
    if (::mkdir(folder.c_str(), kPrivateFolder) == 0) {
      return sync_folder(std::filesystem::path(folder).parent_path().string());
    }
    if (errno == ENOENT) {
      const std::string parent = std::filesystem::path(folder).parent_path().string();
      if (parent.empty() || parent == folder) return failure(ENOENT, "making the folder", folder);
      Status made = make_folder(parent);
      return made.ok() ? make_folder(folder) : made;
    }
    if (errno == EEXIST && std::filesystem::is_directory(folder)) return {};
    return failure(errno, "making the folder", folder);
  }

  Status sync_folder(const std::string& folder) override {
    const std::string path = folder.empty() ? "." : folder;
    const Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (descriptor.get() < 0) return failure(errno, "opening", path);
    return ::fsync(descriptor.get()) == 0 ? Status() : failure(errno, "syncing", path);
  }

  Result<std::unique_ptr<Lock>> lock(const std::string& path) override {
    Descriptor descriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kPrivateFile));
    if (descriptor.get() < 0) return failure(errno, "opening", path);
    if (::flock(descriptor.get(), LOCK_EX | LOCK_NB) == 0) {
      return std::unique_ptr<Lock>(std::make_unique<SystemLock>(std::move(descriptor)));
    }
    if (errno != EWOULDBLOCK) return failure(errno, "locking", path);
    return failed_precondition(path + ": another program, or this one, has this log open already");
  }
};

}  // namespace

std::unique_ptr<Disk> system_disk() { return std::make_unique<SystemDisk>(); }

}  // namespace weft::messaging::stored
