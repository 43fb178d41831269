#include "weft/telemetry/log/internal/rotating_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "weft/base/text/text_cut.h"

namespace weft::telemetry::internal {
namespace {

constexpr int kPipeWaitMs = 1000;

int open_for_appending(const std::string& path) noexcept {
  // O_NONBLOCK: opening a named pipe without a reader fails instead of waiting for one.
  return ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
                0644);
}

std::string old_path(const std::string& path, int number) {
  return path + "." + std::to_string(number);
}

}  // namespace

Result<std::unique_ptr<RotatingFile>> RotatingFile::open(RotatingFileOptions options) {
  const int descriptor = open_for_appending(options.path);
  if (descriptor < 0) {
    return failed_precondition(
        "the log file '" + cut_text(options.path) +
        "' cannot be opened for appending: " + std::generic_category().message(errno));
  }
  return std::unique_ptr<RotatingFile>(new RotatingFile(std::move(options), descriptor));
}

RotatingFile::RotatingFile(RotatingFileOptions options, int descriptor) noexcept
    : options_(std::move(options)), descriptor_(descriptor) {
  measure();
}

RotatingFile::~RotatingFile() { ::close(descriptor_); }

void RotatingFile::measure() noexcept {
  struct stat facts {};
  const bool known = ::fstat(descriptor_, &facts) == 0;
  is_regular_ = known && S_ISREG(facts.st_mode);
  size_ = is_regular_ ? static_cast<std::uint64_t>(facts.st_size) : 0;
}

bool RotatingFile::was_moved() noexcept {
  struct stat ours {};
  struct stat named {};
  if (!is_regular_ || ::fstat(descriptor_, &ours) != 0) return false;
  // Another process may write to it, or have emptied it.
  size_ = static_cast<std::uint64_t>(ours.st_size);
  if (::stat(options_.path.c_str(), &named) != 0) return errno == ENOENT;
  return ours.st_dev != named.st_dev || ours.st_ino != named.st_ino;
}

void RotatingFile::reopen() {
  const int descriptor = open_for_appending(options_.path);
  if (descriptor < 0) {
    error_ = errno;
    return;
  }
  ::close(std::exchange(descriptor_, descriptor));
  torn_ = false;
  measure();
}

void RotatingFile::rotate() {
  if (was_moved()) return reopen();
  // As far as there are files without a gap: where the renaming fails below, the next try moves
  // none.
  int number = 1;
  while (number < options_.old_files &&
         ::access(old_path(options_.path, number).c_str(), F_OK) == 0) {
    ++number;
  }
  for (; number > 1; --number) {
    ::rename(old_path(options_.path, number - 1).c_str(), old_path(options_.path, number).c_str());
  }
  const bool done = options_.old_files > 0
                        ? ::rename(options_.path.c_str(), old_path(options_.path, 1).c_str()) == 0
                        : ::unlink(options_.path.c_str()) == 0;
  if (!done) error_ = errno;
  if (done) reopen();
}

std::size_t RotatingFile::next_part(std::string_view lines) {
  if (!is_regular_ || options_.bytes == 0 || size_ + lines.size() <= options_.bytes) {
    return lines.size();
  }
  const std::size_t room = options_.bytes > size_ ? options_.bytes - size_ : 0;
  const std::size_t end = room == 0 ? std::string_view::npos : lines.rfind('\n', room - 1);
  if (end != std::string_view::npos) return end + 1;
  // A line that is longer than a file may be has one of its own.
  if (size_ == 0) return lines.find('\n') + 1;
  rotate();
  // Where that failed, the file grows on rather than lose a line.
  return size_ == 0 ? 0 : lines.size();
}

std::uint64_t RotatingFile::write(std::string_view lines) {
  error_ = 0;
  if (was_moved()) reopen();
  while (!lines.empty()) {
    std::string_view part = lines.substr(0, next_part(lines));
    lines.remove_prefix(part.size());
    if (!write_all(part)) {
      return static_cast<std::uint64_t>(std::ranges::count(part, '\n') +
                                        std::ranges::count(lines, '\n'));
    }
  }
  return 0;
}

bool RotatingFile::wait_for_reader() const noexcept {
  pollfd entry{.fd = descriptor_, .events = POLLOUT, .revents = 0};
  return ::poll(&entry, 1, kPipeWaitMs) == 1 && (entry.revents & POLLOUT) != 0;
}

bool RotatingFile::write_all(std::string_view& text) noexcept {
  // What is left of a line that was cut short ends here.
  if (torn_ && ::write(descriptor_, "\n", 1) == 1) torn_ = false;
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor_, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EAGAIN && wait_for_reader()) continue;
    if (written <= 0) {
      error_ = written == 0 ? EIO : errno;
      return false;
    }
    torn_ = text[static_cast<std::size_t>(written) - 1] != '\n';
    size_ += static_cast<std::uint64_t>(written);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace weft::telemetry::internal
