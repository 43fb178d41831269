#include "weft/http1/client/internal/pool/origin_pool.h"

#include <algorithm>

#include "weft/base/log.h"
#include "weft/base/log/log_once.h"

namespace weft::http1 {
namespace {

// Instances that a request tries to connect to.
constexpr std::size_t kMostInstances = 3;

constinit LogOnce unasked_logged;

}  // namespace

OriginPool::OriginPool(net::Loop& loop, std::shared_ptr<const ClientSetup> setup,
                       std::string origin, const std::string& target, Route route)
    : loop_(loop),
      setup_(std::move(setup)),
      origin_(std::move(origin)),
      route_(std::move(route)),
      unused_since_(loop.now()),
      endpoints_(loop, target, setup_->options.balancing),
      permits_(setup_->options.max_connections) {}

OriginPool::~OriginPool() = default;

Task<Result<Lease>> OriginPool::lease(RequestPick& pick, Reuse reuse) {
  const std::size_t most = setup_->options.max_connections;
  if (users_ >= most && users_ - most >= setup_->options.max_waiting) {
    co_return resource_exhausted(std::to_string(setup_->options.max_waiting) +
                                 " requests wait for one of " +
                                 std::to_string(setup_->options.max_connections) +
                                 " connections (ClientOptions::max_waiting, max_connections)");
  }
  User user(*this);
  Result<Semaphore::Permit> permit = co_await permits_.acquire();
  if (!permit.ok()) co_return permit.status();
  Result<std::unique_ptr<Connection>> connection = co_await connect(pick, reuse);
  if (!connection.ok()) co_return connection.status();
  co_return Lease(shared_from_this(), std::move(user), *std::move(permit), *std::move(connection));
}

Task<Result<std::unique_ptr<Connection>>> OriginPool::connect(RequestPick& pick, Reuse reuse) {
  Status last;
  for (std::size_t tried = 0; tried < kMostInstances; ++tried) {
    Result<std::shared_ptr<Instance>> instance = co_await endpoints_.pick(pick);
    if (!instance.ok()) co_return instance.status();
    if (reuse == Reuse::Allowed) {
      std::unique_ptr<Connection> kept = take_idle(**instance);
      if (kept != nullptr) co_return std::move(kept);
    }
    Result<std::unique_ptr<net::Stream>> stream =
        co_await dial(loop_, route_, (*instance)->endpoint().addresses);
    if (stream.ok()) {
      count(setup_->connections);
      endpoints_.connected(**instance);
      co_return std::make_unique<Connection>(loop_, *std::move(stream), *std::move(instance));
    }
    last = std::move(stream).status();
    if (last.code() != StatusCode::Unavailable) break;
    endpoints_.failed(**instance);
    pick.avoid(**instance);
    if (tried + 1 >= endpoints_.size()) break;
  }
  co_return last;
}

std::unique_ptr<Connection> OriginPool::take_idle(const Instance& instance) {
  for (std::size_t i = idle_.size(); i-- > 0;) {
    if (&idle_[i]->instance() != &instance) continue;
    std::unique_ptr<Connection> connection = std::move(idle_[i]);
    idle_.erase(idle_.begin() + static_cast<std::ptrdiff_t>(i));
    Reason reason{};
    if (connection->end_idling(reason)) {
      count(setup_->reuses);
      return connection;
    }
    if (reason == Reason::Unasked) note_unasked();
  }
  return nullptr;
}

void OriginPool::keep(std::unique_ptr<Connection> connection) {
  if (closed_ || connection->instance().gone()) return;
  connection->begin_idling(*this);
  idle_.push_back(std::move(connection));
  if (idle_.size() > setup_->options.max_connections) idle_.erase(idle_.begin());
}

void OriginPool::on_idle_over(Connection& connection, Reason reason) noexcept {
  if (reason == Reason::Unasked) note_unasked();
  std::erase_if(idle_, [&](const auto& one) { return one.get() == &connection; });
}

void OriginPool::close_idle(TimePoint limit) noexcept {
  std::erase_if(
      idle_, [&](const auto& one) { return one->idle_since() < limit || one->instance().gone(); });
}

void OriginPool::close() noexcept {
  closed_ = true;
  idle_.clear();
}

void OriginPool::note_unasked() noexcept {
  count(setup_->unasked);
  if (!unasked_logged.is_new(origin_)) return;
  log(LogLevel::Warn, origin_ +
                          " sent bytes that no request asked for: the connection is closed; this "
                          "is logged once for an origin");
}

Lease::Lease(std::shared_ptr<OriginPool> pool, OriginPool::User user, Semaphore::Permit permit,
             std::unique_ptr<Connection> connection)
    : pool_(std::move(pool)),
      user_(std::move(user)),
      permit_(std::move(permit)),
      connection_(std::move(connection)),
      instance_(connection_->shared_instance()),
      begun_(pool_->loop_.now()) {
  pool_->endpoints_.begun(*instance_);
}

Lease::~Lease() {
  if (pool_ != nullptr) report(StatusCode::Cancelled, Origin::Local);
}

void Lease::report(StatusCode code, Origin origin) {
  if (instance_ == nullptr) return;
  const TimePoint now = pool_->loop_.now();
  pool_->endpoints_.ended(*instance_,
                          {.code = code, .origin = origin, .latency = now - begun_, .now = now});
  instance_ = nullptr;
}

void Lease::give_back() { pool_->keep(std::move(connection_)); }

}  // namespace weft::http1
