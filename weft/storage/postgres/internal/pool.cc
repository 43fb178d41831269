#include "weft/storage/postgres/internal/pool.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "weft/coro/context.h"
#include "weft/net/loop/awaited.h"
#include "weft/net/loop/wait.h"
#include "weft/storage/postgres/internal/postgres_error.h"

namespace weft::postgres {
namespace {

using std::chrono::milliseconds;

// Between attempts to connect, doubled each time; the first is short, for a server that restarts.
constexpr Duration kShortestPause = milliseconds(50);
constexpr Duration kLongestPause = std::chrono::seconds(2);
/// How often connections are looked at.
constexpr Duration kTidy = std::chrono::seconds(1);
/// A job does not wait behind one that runs for longer than this.
constexpr Duration kSlow = milliseconds(20);

/// A job whose coroutine is destroyed before it has ended is cancelled.
class AbandonWhenGone {
 public:
  explicit AbandonWhenGone(JobPtr job) noexcept : job_(std::move(job)) {}
  AbandonWhenGone(const AbandonWhenGone&) = delete;
  AbandonWhenGone& operator=(const AbandonWhenGone&) = delete;
  ~AbandonWhenGone() {
    if (job_->ended) return;
    job_->abandoned = true;
    if (job_->connection != nullptr) job_->connection->abandon(job_);
  }

 private:
  JobPtr job_;
};

Task<Status> end_of(net::Wait& wait) { co_return co_await wait; }

Status server_closed() { return unavailable("the database was closed"); }

}  // namespace

Pool::Pool(net::Loop& loop, std::shared_ptr<const Conninfo> info, const Options& options)
    : Timer(&Pool::tidy_now), loop_(loop), info_(std::move(info)), options_(options) {
  loop_.at_loop_end(*this);
}

Pool::~Pool() { close(); }

void Pool::on_loop_end() noexcept { close(); }

void Pool::close() noexcept {
  if (std::exchange(closed_, true)) return;
  Timer::cancel();
  openings_.clear();
  end_all_waiting(server_closed());
  for (const Place& place : std::exchange(places_, {})) {
    place.connection->close("the database was closed");
  }
}

// ---- Jobs --------------------------------------------------------------------------------------

Task<Status> Pool::perform(std::shared_ptr<Pool> pool, JobPtr job,
                           std::shared_ptr<Connection> connection) {
  net::Loop& loop = pool->loop_;
  const AbandonWhenGone guard(job);
  if (connection == nullptr) {
    pool->submit(job);
  } else if (connection->broken()) {
    job->end(error_with(kConnectionFailure, "the connection of the transaction was lost"));
  } else {
    connection->send(job);
  }
  Status reason;
  if (!job->ended) {
    net::Wait wait(loop);
    const net::Awaited place(job->wait, wait);
    reason = co_await wait;
  }
  if (job->ended) co_return job->status;
  if (pool->withdraw(job)) {
    job->end(reason);
    co_return reason;
  }
  job->connection->abandon(job);
  if (!job->ended) {
    // A cancelled statement ends soon, and then it is known what became of it.
    net::Wait wait(loop, after(loop.now(), pool->options_.cancel_timeout));
    const net::Awaited place(job->wait, wait);
    Context alone;
    static_cast<void>(co_await end_of(wait).in(alone));
  }
  if (!job->ended) co_return reason.with_prefix("it is not known what became of the statement");
  switch (job->status.code()) {
    case StatusCode::Cancelled:
      co_return reason;
    case StatusCode::Unavailable:
    case StatusCode::Unknown:
      co_return reason.with_prefix(job->status.message());
    default:
      co_return job->status;
  }
}

Task<Result<std::shared_ptr<Connection>>> Pool::lease(std::shared_ptr<Pool> pool) {
  const JobPtr job =
      std::make_shared<Job>(Job::Kind::Lease, sql::Statement(std::string_view("BEGIN")));
  struct Returned {
    Pool& pool;
    Job& job;
    ~Returned() {
      if (job.leased != nullptr) pool.give_back(job.leased);
      job.abandoned = true;
    }
  } unless_taken{*pool, *job};
  pool->submit(job);
  Status reason;
  if (!job->ended) {
    net::Wait wait(pool->loop_);
    const net::Awaited place(job->wait, wait);
    reason = co_await wait;
  }
  if (!job->ended) {
    pool->withdraw(job);
    job->end(reason);
  }
  if (!job->status.ok()) co_return job->status;
  co_return std::exchange(job->leased, nullptr);
}

void Pool::submit(JobPtr job) {
  if (closed_) return job->end(server_closed());
  if (waiting_.size() >= options_.max_waiting) {
    return job->end(resource_exhausted(std::to_string(waiting_.size()) +
                                       " statements wait for a connection, which is the limit "
                                       "(Options::max_waiting)"));
  }
  // A limit of statements that wait, also where a connection is free at once.
  waiting_.push_back(std::move(job));
  serve_waiting();
}

bool Pool::withdraw(const JobPtr& job) {
  const auto found = std::find(waiting_.begin(), waiting_.end(), job);
  if (found == waiting_.end()) return false;
  waiting_.erase(found);
  return true;
}

void Pool::on_repeat(JobPtr job) noexcept {
  if (closed_) return job->end(server_closed());
  waiting_.push_front(std::move(job));
}

void Pool::serve_waiting() {
  while (!waiting_.empty()) {
    const JobPtr job = waiting_.front();
    // Its coroutine has gone.
    if (job->abandoned) {
      waiting_.pop_front();
      continue;
    }
    Place* place = idle_place();
    if (place == nullptr && job->sharing == Job::Sharing::Pipelined && !may_open()) {
      place = shared_place();
    }
    if (place == nullptr) break;
    waiting_.pop_front();
    hand_over(*place, job);
  }
  if (!waiting_.empty()) open_more();
}

void Pool::hand_over(Place& place, const JobPtr& job) {
  if (job->kind != Job::Kind::Lease) {
    // Kept: where it breaks meanwhile, its place goes.
    const std::shared_ptr<Connection> connection = place.connection;
    return connection->send(job);
  }
  place.use = Place::Use::Leased;
  job->leased = place.connection;
  job->end({});
}

Pool::Place* Pool::idle_place() {
  // The last ones first, so that those that are not needed get old.
  for (auto place = places_.rbegin(); place != places_.rend(); ++place) {
    const Connection& connection = *place->connection;
    if (place->use == Place::Use::Shared && connection.depth() == 0 && connection.takes_more()) {
      return &*place;
    }
  }
  return nullptr;
}

Pool::Place* Pool::shared_place() {
  Place* best = nullptr;
  const TimePoint too_old = loop_.now() - kSlow;
  for (Place& place : places_) {
    const Connection& connection = *place.connection;
    if (place.use != Place::Use::Shared || !connection.takes_more() ||
        connection.depth() >= options_.pipeline_depth || connection.head_since() < too_old) {
      continue;
    }
    if (best == nullptr || connection.depth() < best->connection->depth()) best = &place;
  }
  return best;
}

Pool::Place* Pool::place_of(const Connection& connection) noexcept {
  const auto found = std::find_if(places_.begin(), places_.end(), [&](const Place& place) {
    return place.connection.get() == &connection;
  });
  return found == places_.end() ? nullptr : &*found;
}

// ---- Connections -------------------------------------------------------------------------------

void Pool::give_back(const std::shared_ptr<Connection>& connection) {
  Place* const place = place_of(*connection);
  if (place == nullptr) return;
  place->use = Place::Use::GivenBack;
  on_room(*connection);
}

void Pool::on_room(Connection& connection) noexcept {
  Place* const place = place_of(connection);
  const bool idle = place != nullptr && place->use != Place::Use::Leased && connection.depth() == 0;
  if (idle) {
    place->use = Place::Use::Shared;
    // What others send would be part of it.
    if (!connection.outside_transaction()) {
      return connection.close("a transaction was left open");
    }
  }
  serve_waiting();
}

void Pool::on_broken(Connection& connection) noexcept {
  std::erase_if(places_, [&](const Place& place) { return place.connection.get() == &connection; });
  if (!closed_) serve_waiting();
}

bool Pool::may_open() const noexcept {
  return places_.size() + openings_.size() < std::max<std::size_t>(options_.connections, 1) &&
         (pause_ == Duration() || (openings_.empty() && loop_.now() >= next_attempt_));
}

void Pool::open_more() {
  while (may_open() && openings_.size() < waiting_.size()) {
    Opening& opening = openings_.emplace_back();
    opening.pool = this;
    // In a turn of its own: a coroutine does not begin where results are read.
    loop_.post([weak = weak_from_this(), &opening] {
      const std::shared_ptr<Pool> self = weak.lock();
      if (self == nullptr || self->closed_) return;
      opening.task.emplace(connect(*self->info_, self->options_.connect_timeout));
      opening.task->start(nullptr, {.function =
                                        [](void* it) noexcept {
                                          auto& ended = *static_cast<Opening*>(it);
                                          ended.pool->opened(ended);
                                        },
                                    .argument = &opening});
    });
  }
  const bool waits_for_attempt = next_attempt_ > loop_.now() && Timer::when() > next_attempt_;
  if (!Timer::armed() || waits_for_attempt) arm_tidy();
}

void Pool::opened(Opening& opening) {
  const std::shared_ptr<Pool> self = shared_from_this();
  Result<Connected> connected = opening.task->take();
  openings_.remove_if([&](const Opening& one) { return &one == &opening; });
  if (connected.ok()) {
    ConnectionOwner& owner = *this;
    auto made = std::make_shared<Connection>(loop_, *std::move(connected), options_, owner);
    if (!made->broken()) {
      pause_ = Duration();
      places_.push_back({std::move(made)});
      serve_waiting();
      return arm_tidy();
    }
    connected = resource_exhausted("the process has no descriptor left for a connection");
  }
  pause_ = std::clamp(pause_ * 2, kShortestPause, kLongestPause);
  // So that many programs do not come back to a server at once.
  next_attempt_ = after(loop_.now(), pause_ / 2 + pause_ * loop_.rng().below(1000) / 2000);
  if (places_.empty() && openings_.empty()) end_all_waiting(connected.status());
  serve_waiting();
}

void Pool::end_all_waiting(const Status& status) {
  for (const JobPtr& job : std::exchange(waiting_, {})) job->end(status);
}

void Pool::tidy_now(net::Timer& timer) noexcept { static_cast<Pool&>(timer).tidy(); }

void Pool::arm_tidy() {
  TimePoint when = after(loop_.now(), kTidy);
  if (!waiting_.empty() && next_attempt_ > loop_.now()) when = std::min(when, next_attempt_);
  loop_.arm(*this, when);
}

void Pool::tidy() {
  const std::shared_ptr<Pool> self = shared_from_this();
  const TimePoint now = loop_.now();
  for (const Place& place : std::vector<Place>(places_)) {
    Connection& connection = *place.connection;
    const bool unused = place.use == Place::Use::Shared && connection.depth() == 0;
    if (unused && now - connection.idle_since() > options_.idle_connection) {
      connection.close("nobody uses the connection");
    } else if (unused && now - connection.opened() > options_.connection_age) {
      connection.close("the connection is old");
    } else if (place.use == Place::Use::GivenBack && connection.depth() != 0 &&
               now - connection.head_since() > options_.cancel_timeout) {
      connection.close("the server does not end a transaction");
    }
  }
  serve_waiting();
  if (!places_.empty() || !waiting_.empty()) arm_tidy();
}

}  // namespace weft::postgres
