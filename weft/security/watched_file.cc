#include "weft/security/watched_file.h"

#include <mutex>
#include <utility>

#include "weft/base/fork_mutex.h"
#include "weft/base/log.h"
#include "weft/base/text/printable.h"
#include "weft/net/loop/close_on_loop.h"
#include "weft/net/loop/loop_thread.h"
#include "weft/net/loop/timer.h"
#include "weft/security/internal/small_file.h"

namespace weft::security {
namespace {

constexpr Duration kShortest = std::chrono::milliseconds(100);

Status check(const std::string& path, const WatchedFile::Take& take,
             const WatchedFileOptions& options) {
  if (path.empty()) return invalid_argument("the path of a file to watch is empty");
  if (!take) return invalid_argument("nothing takes the text of " + path);
  if (options.every < kShortest) {
    return invalid_argument("WatchedFileOptions::every is " + to_string(options.every) +
                            "; the shortest is " + to_string(kShortest));
  }
  return {};
}

}  // namespace

/// Lives on its loop until it is closed there, or the loop ends.
class WatchedFile::Watching final : public std::enable_shared_from_this<Watching>,
                                    private net::Timer,
                                    private net::LoopEndHook {
 public:
  Watching(std::string path, Take take, const WatchedFileOptions& options)
      : net::Timer([](net::Timer& timer) noexcept { static_cast<Watching&>(timer).expired(); }),
        path_(std::move(path)),
        take_(std::move(take)),
        every_(options.every),
        max_bytes_(options.max_bytes),
        loop_(options.loop == nullptr ? net::default_loops().next() : *options.loop) {}

  /// Reads the file. OK where its text has not changed since it was taken, or nothing takes it.
  Status look() {
    const std::scoped_lock lock(mutex_);
    if (!take_) return {};
    health_ = read();
    return health_;
  }
  void begin() {
    loop_.post([self = shared_from_this()] { self->begun(self); });
  }
  /// From any thread; nothing is taken afterwards.
  static void end(std::shared_ptr<Watching> watching) {
    {
      const std::scoped_lock lock(watching->mutex_);
      watching->take_ = nullptr;
    }
    net::LoopAnchor& anchor = *watching->loop_.anchor();
    net::close_on_loop(anchor, std::move(watching));
  }
  /// On the loop's thread.
  void close() noexcept {
    net::Timer::cancel();
    net::LoopEndHook::unlink();
    const std::shared_ptr<Watching> kept = std::move(kept_);
  }
  Status health() const {
    const std::scoped_lock lock(mutex_);
    return health_;
  }

 private:
  void begun(std::shared_ptr<Watching> self) {
    kept_ = std::move(self);
    loop_.at_loop_end(*this);
    loop_.arm(*this, loop_.now() + every_);
  }
  void on_loop_end() noexcept override { close(); }
  void expired() noexcept {
    Status outcome;
    try {
      outcome = look();
    } catch (...) {
      outcome = resource_exhausted(path_ + ": no memory is left to read it");
    }
    say(outcome);
    loop_.arm(*this, loop_.now() + every_);
  }
  Status read() {
    Result<internal::SmallFile> file = internal::read_small_file(path_, max_bytes_);
    if (!file.ok()) return std::move(file).status();
    if (taken_ == file->text) return {};
    Status status = take_(file->text);
    if (!status.ok()) return status.with_prefix(path_);
    taken_ = std::move(file->text);
    return {};
  }
  void say(const Status& outcome) {
    if (outcome.ok() == is_good_) return;
    is_good_ = outcome.ok();
    if (is_good_) {
      log(LogLevel::Info, printable(path_) + " can be taken again");
    } else {
      log(LogLevel::Warn, "a watched file is not taken, what it said before stays: " +
                              printable(outcome.message()));
    }
  }

  const std::string path_;
  mutable ForkMutex mutex_;  // held while the text is taken
  Take take_;
  std::string taken_;
  Status health_;
  const Duration every_;
  const std::size_t max_bytes_;
  net::Loop& loop_;
  bool is_good_ = true;             // of the loop's thread
  std::shared_ptr<Watching> kept_;  // while the loop has it
};

Result<WatchedFile> WatchedFile::open(std::string path, Take take, WatchedFileOptions options) {
  Status status = check(path, take, options);
  if (!status.ok()) return status;
  auto watching = std::make_shared<Watching>(std::move(path), std::move(take), options);
  status = watching->look();
  if (!status.ok()) return status;
  watching->begin();
  return WatchedFile(std::move(watching));
}

WatchedFile& WatchedFile::operator=(WatchedFile&& other) noexcept {
  if (this != &other) {
    const WatchedFile old(std::exchange(watching_, std::move(other.watching_)));
  }
  return *this;
}

WatchedFile::~WatchedFile() {
  if (watching_ != nullptr) Watching::end(std::move(watching_));
}

Status WatchedFile::health() const { return watching_->health(); }

}  // namespace weft::security
