#include "weft/rpc/announce/internal/announcement.h"

#include <algorithm>
#include <array>
#include <utility>

#include <unistd.h>

#include "weft/base/log.h"
#include "weft/coro/all.h"
#include "weft/rpc/announce/internal/announced_address.h"

namespace weft::rpc {
namespace {

// How long registries may hold up a server's drain. An instance that could not be taken out is
// dropped with its lease.
constexpr Duration kWithdrawTime = std::chrono::seconds(2);

std::string machine_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

}  // namespace

Result<std::shared_ptr<Announcement>> Announcement::make(
    net::Loop& loop, const std::string& target, const AnnounceOptions& options,
    const std::vector<net::Address>& listening) {
  const std::shared_ptr<Announcement> made(new Announcement(loop));
  if (!target.empty()) made->targets_.push_back(target);
  made->targets_.insert(made->targets_.end(), options.also.begin(), options.also.end());
  for (const std::string& one : made->targets_) {
    Result<std::unique_ptr<cluster::Announcer>> announcer = cluster::make_announcer(loop, one);
    if (!announcer.ok()) return std::move(announcer).status().with_prefix("cannot announce");
    made->announcers_.push_back(std::move(*announcer));
  }
  if (options.weight > cluster::kMaxAnnouncedWeight) {
    return invalid_argument("cannot announce: AnnounceOptions::weight is " +
                            std::to_string(options.weight) + ", more than " +
                            std::to_string(cluster::kMaxAnnouncedWeight));
  }
  Result<std::vector<net::Address>> addresses = announced_addresses(options.address, listening);
  if (!addresses.ok()) return std::move(addresses).status().with_prefix("cannot announce");
  made->endpoint_ = {.addresses = std::move(*addresses),
                     .name = options.name.empty() ? machine_name() : options.name,
                     .weight = std::max(1U, options.weight),
                     .zone = options.zone,
                     .attributes = options.attributes};
  return made;
}

void Announcement::start() {
  self_ = shared_from_this();
  loop_.at_loop_end(*this);
  for (const std::string& target : targets_) {
    log(LogLevel::Info, "announcing " + cluster::to_string(endpoint_) + " to " +
                            std::string(cluster::shown(target)));
  }
  begin(running_, run_all(*this), run_context_);
}

void Announcement::begin(Task<>& task, Task<> work, Context& context) {
  ++tasks_;
  task = std::move(work);
  task.start(&context,
             {[](void* self) noexcept { static_cast<Announcement*>(self)->task_ended(); }, this});
}

Task<> Announcement::run_all(Announcement& self) {
  std::vector<Task<>> runs;
  for (const auto& announcer : self.announcers_) runs.push_back(announcer->run(self.endpoint_));
  co_await all(std::move(runs));
  self.run_ended_.set();
}

Task<Status> Announcement::withdraw_one(Announcement& self, std::size_t index) {
  const Status status = co_await self.announcers_[index]->withdraw();
  if (!status.ok()) {
    log(LogLevel::Warn, "announce " + std::string(cluster::shown(self.targets_[index])) +
                            ": not withdrawn, its lease will lapse: " + status.to_string());
  }
  co_return status;
}

Task<> Announcement::withdraw_all(Announcement& self) {
  const Status ended = co_await self.run_ended_.wait();
  if (ended.ok()) {
    std::vector<Task<Status>> withdrawn;
    for (std::size_t i = 0; i < self.announcers_.size(); ++i) {
      withdrawn.push_back(withdraw_one(self, i));
    }
    static_cast<void>(co_await all(std::move(withdrawn)));
  }
  self.hurry();
}

void Announcement::withdraw(UniqueFunction<void()> done) {
  done_ = std::move(done);
  withdrawn_ = true;
  loop_.arm(*this, after(loop_.now(), kWithdrawTime));
  run_context_.cancel(cancelled("the server is shutting down"));
  begin(withdrawing_, withdraw_all(*this), withdraw_context_);
}

void Announcement::hurry() noexcept {
  if (UniqueFunction<void()> done = std::exchange(done_, {})) done();
}

void Announcement::too_late(net::Timer& timer) noexcept {
  auto& self = static_cast<Announcement&>(timer);
  self.withdraw_context_.cancel(
      deadline_exceeded("the registry did not answer within " + to_string(kWithdrawTime)));
  self.hurry();
}

void Announcement::task_ended() noexcept {
  if (--tasks_ != 0) return;
  // In a later turn, for the task is on the stack. Without a loop on_loop_end() does it.
  loop_.post([self = shared_from_this()] {
    if (self->tasks_ == 0 && self->withdrawn_) self->on_loop_end();
  });
}

void Announcement::on_loop_end() noexcept {
  const std::shared_ptr<Announcement> kept = std::exchange(self_, nullptr);
  LoopEndHook::unlink();
  Timer::cancel();
  running_ = {};
  withdrawing_ = {};
  announcers_.clear();
  done_ = {};
}

}  // namespace weft::rpc
