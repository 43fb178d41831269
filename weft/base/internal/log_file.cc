#include "weft/base/internal/log_file.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace weft::base {
namespace {

std::string_view colour_of(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::Warn:
      return "\033[33m";
    case LogLevel::Error:
      return "\033[31m";
    case LogLevel::Info:
      return "\033[32m";
    default:
      return "\033[36m";
  }
}
constexpr std::string_view kNoColour = "\033[0m";

/// Keeps a write from ending the process by a signal, to a pipe without reader (SIGPIPE) or beyond
/// the limit of a file's size (SIGXFSZ), without touching the signal handling that belongs to the
/// program.
class SignalBlocked {
 public:
  explicit SignalBlocked(int signal) noexcept {
    sigemptyset(&set_);
    sigaddset(&set_, signal);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, signal) == 1;
    pthread_sigmask(SIG_BLOCK, &set_, &old_);
  }
  SignalBlocked(const SignalBlocked&) = delete;
  SignalBlocked& operator=(const SignalBlocked&) = delete;
  ~SignalBlocked() {
    const timespec now{};
    while (!was_pending_ && sigtimedwait(&set_, nullptr, &now) == -1 && errno == EINTR) {
    }
    pthread_sigmask(SIG_SETMASK, &old_, nullptr);
  }

 private:
  sigset_t set_;
  sigset_t old_;
  bool was_pending_ = false;
};

/// Whether a write of up to PIPE_BUF bytes would not wait (pipe(7): such a write is atomic).
bool takes_bytes_now(int descriptor) noexcept {
  pollfd entry{.fd = descriptor, .events = POLLOUT, .revents = 0};
  return ::poll(&entry, 1, 0) == 1 && (entry.revents & POLLOUT) != 0;
}

}  // namespace

LogFile LogFile::standard_error() noexcept { return LogFile(STDERR_FILENO, false); }

std::optional<LogFile> LogFile::open(const std::string& path) noexcept {
  // O_NONBLOCK: opening a named pipe without a reader fails instead of waiting for one.
  const int descriptor =
      ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0644);
  if (descriptor < 0) return std::nullopt;
  return LogFile(descriptor, true);
}

LogFile::LogFile(int descriptor, bool owned) noexcept
    : descriptor_(descriptor), owned_(owned), kind_(Kind::Plain) {
  struct stat facts {};
  if (::isatty(descriptor) == 1) {
    kind_ = Kind::Terminal;
  } else if (::fstat(descriptor, &facts) == 0 &&
             (S_ISFIFO(facts.st_mode) || S_ISSOCK(facts.st_mode))) {
    kind_ = Kind::Pipe;
  }
}

LogFile::LogFile(LogFile&& other) noexcept
    : descriptor_(other.descriptor_),
      owned_(std::exchange(other.owned_, false)),
      kind_(other.kind_),
      torn_(other.torn_) {}

LogFile& LogFile::operator=(LogFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(owned_, other.owned_);
  std::swap(kind_, other.kind_);
  std::swap(torn_, other.torn_);
  return *this;
}

LogFile::~LogFile() {
  if (owned_) ::close(descriptor_);
}

bool LogFile::write_line(std::string_view line, ColourRange range, LogLevel level) {
  std::string text;
  // What is left of a line that was cut short ends here.
  if (torn_) text.push_back('\n');
  // https://no-color.org: any value of NO_COLOR but the empty one turns colours off.
  const char* no_colour = std::getenv("NO_COLOR");
  const bool coloured = kind_ == Kind::Terminal && (no_colour == nullptr || *no_colour == '\0');
  if (coloured && range.begin < range.end && range.end <= line.size()) {
    text.append(line.substr(0, range.begin))
        .append(colour_of(level))
        .append(line.substr(range.begin, range.end - range.begin))
        .append(kNoColour)
        .append(line.substr(range.end));
  } else {
    text.append(line);
  }
  return write_all(text);
}

bool LogFile::write_all(std::string_view text) noexcept {
  std::optional<SignalBlocked> blocked;
  if (kind_ != Kind::Terminal) blocked.emplace(kind_ == Kind::Pipe ? SIGPIPE : SIGXFSZ);
  const std::size_t whole = text.size();
  while (!text.empty()) {
    std::size_t piece = text.size();
    if (kind_ != Kind::Plain) {
      piece = std::min<std::size_t>(piece, PIPE_BUF);
      if (!takes_bytes_now(descriptor_)) break;
    }
    const ssize_t written = ::write(descriptor_, text.data(), piece);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (text.size() != whole) torn_ = !text.empty();
  return text.empty();
}

}  // namespace weft::base
