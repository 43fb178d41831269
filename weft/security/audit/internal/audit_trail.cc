#include "weft/security/audit/internal/audit_trail.h"

#include <chrono>
#include <mutex>
#include <utility>
#include <vector>

#include "weft/base/log.h"
#include "weft/net/loop/latch.h"

namespace weft::security::internal {
namespace {

constexpr Duration kPause = std::chrono::seconds(1);
constexpr Duration kThreadEnds = std::chrono::seconds(1);

}  // namespace

/// The file belongs to the loop's thread; what is under the mutex, to all.
class AuditTrail::Writer final : public std::enable_shared_from_this<Writer>, private net::Timer {
 public:
  Writer(std::unique_ptr<AuditFile> file, const Options& options, net::Loop& loop)
      : net::Timer([](net::Timer& timer) noexcept { static_cast<Writer&>(timer).write(); }),
        options_(options),
        loop_(loop),
        file_(std::move(file)) {
    stats_.written = 1;  // of the start
    stats_.head = file_->last().text();
  }

  Status reserve() {
    const std::lock_guard lock(mutex_);
    if (!options_.keeps_all) return {};
    if (!health_.ok() || waiting() >= options_.most_waiting) {
      ++stats_.refused;
      return unavailable(health_.ok() ? "too many calls wait to be recorded (AuditOptions)"
                                      : "calls cannot be recorded (AuditOptions)");
    }
    ++reserved_;
    return {};
  }
  Status refuse() {
    const std::lock_guard lock(mutex_);
    if (!options_.keeps_all) return {};
    ++stats_.refused;
    return unavailable("calls cannot be recorded in a child of fork() (AuditOptions)");
  }
  void give_back() {
    const std::lock_guard lock(mutex_);
    if (options_.keeps_all) --reserved_;
  }

  void lose() noexcept {
    const std::lock_guard lock(mutex_);
    if (options_.keeps_all) --reserved_;
    ++stats_.lost;
    ++lost_;
  }
  void add(std::string members) {
    const std::lock_guard lock(mutex_);
    if (options_.keeps_all) --reserved_;
    if (!options_.keeps_all && waiting() >= options_.most_waiting) {
      ++stats_.lost;
      ++lost_;
      return;
    }
    records_.push_back(std::move(members));
    if (std::exchange(is_posted_, true)) return;
    loop_.post([self = shared_from_this()] { self->write(); });
  }
  void when_written(const std::shared_ptr<net::Latch>& latch) {
    loop_.post([self = shared_from_this(), latch] {
      self->write();
      if (self->health().ok()) return latch->open();
      const std::lock_guard lock(self->mutex_);
      self->flushing_.push_back(latch);
    });
  }
  /// On the loop's thread; the last time.
  void end() {
    write();
    net::Timer::cancel();
    file_.reset();
  }

  Status health() const {
    const std::lock_guard lock(mutex_);
    return health_;
  }
  AuditStats stats() const {
    const std::lock_guard lock(mutex_);
    AuditStats stats = stats_;
    stats.waiting = records_.size() + being_written_;
    return stats;
  }

 private:
  std::size_t waiting() const noexcept { return records_.size() + being_written_ + reserved_; }

  void write() {
    if (file_ == nullptr) return;
    for (const std::string& record : take()) file_->add(record);
    Status outcome = file_->write();
    if (!outcome.ok()) loop_.arm(*this, after(loop_.now(), kPause));
    for (const auto& latch : take(std::move(outcome))) latch->open();
  }

  std::vector<std::string> take() {
    const std::lock_guard lock(mutex_);
    is_posted_ = false;
    being_written_ += records_.size();
    if (lost_ != 0) file_->add_lost(std::exchange(lost_, 0));
    return std::exchange(records_, {});
  }
  /// Who has waited for it.
  std::vector<std::shared_ptr<net::Latch>> take(Status outcome) {
    const std::lock_guard lock(mutex_);
    if (health_.ok() != outcome.ok()) say(outcome);
    health_ = std::move(outcome);
    if (!health_.ok()) return {};
    being_written_ = 0;
    stats_.written = file_->last().seq - before_;
    stats_.head = file_->last().text();
    return std::exchange(flushing_, {});
  }
  void say(const Status& outcome) const {
    if (outcome.ok()) return log(LogLevel::Info, "audit records are written again");
    log(LogLevel::Error, std::string("audit: ")
                             .append(outcome.message())
                             .append(options_.keeps_all ? "; calls are refused" : "; records wait")
                             .append(" and it is tried again each second"));
  }

  const Options options_;
  net::Loop& loop_;
  std::unique_ptr<AuditFile> file_;  // null: has ended
  const std::uint64_t before_ = file_->last().seq - 1;

  mutable ForkMutex mutex_;  // of what follows
  std::vector<std::string> records_;
  std::size_t being_written_ = 0;
  std::size_t reserved_ = 0;
  std::uint64_t lost_ = 0;  // and not yet recorded
  bool is_posted_ = false;
  std::vector<std::shared_ptr<net::Latch>> flushing_;
  Status health_;
  AuditStats stats_;
};

AuditTrail::AuditTrail(std::unique_ptr<AuditFile> file, const Options& options)
    : options_(options),
      thread_(std::make_unique<net::LoopThread>("weft-audit")),
      writer_(std::make_shared<Writer>(std::move(file), options, thread_->loop())) {}

AuditTrail::~AuditTrail() {
  if (is_parents()) {
    // The thread and the file are the parent's.
    static_cast<void>(thread_.release());
    static_cast<void>(new std::shared_ptr<Writer>(std::move(writer_)));
    return;
  }
  const auto ended = std::make_shared<net::Latch>();
  thread_->loop().post([writer = writer_, ended] {
    writer->end();
    ended->open();
  });
  const bool written = ended->wait(options_.at_end);
  const std::uint64_t waiting = writer_->stats().waiting;
  if (waiting != 0) {
    log(LogLevel::Error,
        "audit: " + std::to_string(waiting) + " records were not written at the end");
  }
  if (!written || !thread_->end(kThreadEnds)) static_cast<void>(thread_.release());
}

Status AuditTrail::reserve() { return is_parents() ? writer_->refuse() : writer_->reserve(); }
void AuditTrail::give_back() { writer_->give_back(); }
void AuditTrail::lose() noexcept { writer_->lose(); }
void AuditTrail::add(std::string members) {
  if (is_parents()) return writer_->lose();
  writer_->add(std::move(members));
}

bool AuditTrail::flush(Duration longest) {
  if (is_parents()) return false;
  const auto written = std::make_shared<net::Latch>();
  writer_->when_written(written);
  return written->wait(longest);
}

Status AuditTrail::health() const { return writer_->health(); }
AuditStats AuditTrail::stats() const { return writer_->stats(); }

}  // namespace weft::security::internal
