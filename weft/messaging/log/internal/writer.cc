#include "weft/messaging/log/internal/writer.h"

#include <map>
#include <utility>

#include <pthread.h>

#include "weft/base/log.h"

namespace weft::messaging::stored {

/// What a coroutine that waits and the writer share. `wait` is for the loop's thread.
struct Writer::Waiting {
  explicit Waiting(net::Wait& on) : loop(on.loop().anchor()), wait(&on) {}
  const std::shared_ptr<net::LoopAnchor> loop;
  net::Wait* wait;
  Status status;
};

/// A coroutine may be destroyed, or go on by its deadline, before it is answered.
class Writer::Attached {
 public:
  explicit Attached(net::Wait& wait) : waiting_(std::make_shared<Waiting>(wait)) {}
  Attached(const Attached&) = delete;
  Attached& operator=(const Attached&) = delete;
  ~Attached() { waiting_->wait = nullptr; }
  const std::shared_ptr<Waiting>& waiting() const noexcept { return waiting_; }

 private:
  const std::shared_ptr<Waiting> waiting_;
};

Writer::~Writer() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  more_.notify_one();
  if (thread_.joinable()) thread_.join();
  flush();
}

Task<Status> Writer::append(std::string topic, std::vector<std::string> bodies) {
  std::size_t bytes = 0;
  for (const std::string& body : bodies) bytes += body.size() + kRecordHeader;
  net::Wait wait(*net::Loop::current());
  const Attached attached(wait);
  {
    const std::lock_guard lock(mutex_);
    const std::size_t most = store_->options().max_queued_bytes;
    if (queued_bytes_ != 0 && queued_bytes_ + bytes > most) {
      co_return resource_exhausted("event log: " + std::to_string(queued_bytes_) +
                                   " bytes of events wait for the disk, and " +
                                   std::to_string(bytes) + " more exceed the limit of " +
                                   std::to_string(most) + " (LogOptions::max_queued_bytes)");
    }
    queued_bytes_ += bytes;
    appends_.push_back({std::move(topic), std::move(bodies), bytes, attached.waiting()});
    wake();
  }
  co_return co_await wait;
}

Task<Status> Writer::run(UniqueFunction<Status(LogStore&)> job) {
  net::Wait wait(*net::Loop::current());
  const Attached attached(wait);
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back({std::move(job), attached.waiting()});
    wake();
  }
  co_return co_await wait;
}

void Writer::post(UniqueFunction<Status(LogStore&)> job) {
  const std::lock_guard lock(mutex_);
  jobs_.push_back({std::move(job), nullptr});
  wake();
}

/// With the lock held.
void Writer::wake() {
  net::Loop& loop = *net::Loop::current();
  if (!loop.is_simulated()) {
    if (!thread_.joinable()) thread_ = std::thread([this] { serve(); });
    return more_.notify_one();
  }
  if (std::exchange(posted_, true)) return;
  loop.post([this, alive = std::weak_ptr<char>(alive_)] {
    if (alive.expired()) return;
    posted_ = false;
    flush();
  });
}

void Writer::serve() {
  ::pthread_setname_np(::pthread_self(), "weft-log");
  while (true) {
    {
      std::unique_lock lock(mutex_);
      more_.wait(lock, [this] { return closing_ || !appends_.empty() || !jobs_.empty(); });
      if (closing_) return;
    }
    flush();
  }
}

void Writer::flush() {
  std::vector<Append> appends;
  std::vector<Job> jobs;
  {
    const std::lock_guard lock(mutex_);
    appends.swap(appends_);
    jobs.swap(jobs_);
    queued_bytes_ = 0;
  }
  write(appends);
  std::vector<std::shared_ptr<Waiting>> answered;
  for (Append& append : appends) answered.push_back(std::move(append.waiting));
  for (Job& job : jobs) {
    const Status status = job.function(*store_);
    if (job.waiting != nullptr) {
      job.waiting->status = status;
      answered.push_back(std::move(job.waiting));
    } else if (!status.ok()) {
      log(LogLevel::Error, "event log: " + status.to_string());
    }
  }
  answer(std::move(answered));
}

void Writer::write(std::vector<Append>& appends) {
  std::map<std::string, std::vector<Append*>> by_topic;
  for (Append& append : appends) by_topic[append.topic].push_back(&append);
  for (const auto& [topic, parts] : by_topic) {
    std::vector<std::string> bodies;
    for (Append* const part : parts) {
      bodies.insert(bodies.end(), std::make_move_iterator(part->bodies.begin()),
                    std::make_move_iterator(part->bodies.end()));
    }
    const Status status = store_->append(topic, std::move(bodies));
    for (Append* const part : parts) part->waiting->status = status;
  }
}

/// One post for each loop, however many wait there.
void Writer::answer(std::vector<std::shared_ptr<Waiting>> answered) {
  std::map<std::shared_ptr<net::LoopAnchor>, std::vector<std::shared_ptr<Waiting>>> by_loop;
  for (auto& waiting : answered) by_loop[waiting->loop].push_back(std::move(waiting));
  for (auto& [loop, all] : by_loop) {
    loop->post([all = std::move(all)] {
      for (const std::shared_ptr<Waiting>& waiting : all) {
        if (waiting->wait != nullptr) waiting->wait->complete(waiting->status);
      }
    });
  }
}

}  // namespace weft::messaging::stored
