#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weft/base/result.h"
#include "weft/coro/semaphore.h"
#include "weft/coro/task.h"
#include "weft/http1/client/internal/client_setup.h"
#include "weft/http1/client/internal/pool/connection.h"
#include "weft/http1/client/internal/pool/dial.h"
#include "weft/http1/client/internal/pool/endpoints.h"
#include "weft/http1/client/internal/pool/request_pick.h"
#include "weft/net/loop/loop.h"

namespace weft::http1 {

class Lease;

/// One loop's connections to an origin: those with a request, each with a permit, and idle ones.
class OriginPool final : public std::enable_shared_from_this<OriginPool>, private IdleOwner {
 public:
  /// Whether a connection may be one that had a request before.
  enum class Reuse : std::uint8_t { Allowed, Never };

  /// `origin` is for messages; `target` is what the resolver looks for.
  OriginPool(net::Loop& loop, std::shared_ptr<const ClientSetup> setup, std::string origin,
             const std::string& target, Route route);
  ~OriginPool();

  /// A connection for a request, kept or new. Waits while max_connections have one, as long as the
  /// awaiting context lasts. The caller holds the pool meanwhile.
  Task<Result<Lease>> lease(RequestPick& pick, Reuse reuse);

  /// Closes the connections that have been idle since before `limit`.
  void close_idle(TimePoint limit) noexcept;
  /// Nothing is kept any more.
  void close() noexcept;
  /// No request has or waits for a connection.
  bool unused() const noexcept { return users_ == 0; }
  /// When the last request ended.
  TimePoint unused_since() const noexcept { return unused_since_; }
  /// For a proxy that forwards requests; empty where there is none.
  const std::string& proxy_authorization() const noexcept { return proxy_authorization_; }
  bool is_proxied() const noexcept { return proxied_; }
  /// Requests name the whole URL, and this to the proxy.
  void forward_through_proxy(std::string authorization) {
    proxied_ = true;
    proxy_authorization_ = std::move(authorization);
  }

 private:
  friend class Lease;
  /// Counts a request that has or waits for a connection.
  class User {
   public:
    explicit User(OriginPool& pool) noexcept : pool_(&pool) { ++pool.users_; }
    User(User&& other) noexcept : pool_(std::exchange(other.pool_, nullptr)) {}
    User& operator=(User&&) = delete;
    ~User() {
      if (pool_ == nullptr) return;
      --pool_->users_;
      pool_->unused_since_ = pool_->loop_.now();
    }

   private:
    OriginPool* pool_;
  };

  void on_idle_over(Connection& connection, Reason reason) noexcept override;
  Task<Result<std::unique_ptr<Connection>>> connect(RequestPick& pick, Reuse reuse);
  std::unique_ptr<Connection> take_idle(const Instance& instance);
  void keep(std::unique_ptr<Connection> connection);
  void note_unasked() noexcept;

  net::Loop& loop_;
  const std::shared_ptr<const ClientSetup> setup_;
  const std::string origin_;
  const Route route_;
  std::string proxy_authorization_;
  bool proxied_ = false;
  bool closed_ = false;
  std::size_t users_ = 0;
  TimePoint unused_since_{};
  Endpoints endpoints_;
  Semaphore permits_;
  std::vector<std::unique_ptr<Connection>> idle_;  // the last one used is the last
};

/// A connection that carries one request. Closes it when destroyed, unless it is given back.
class Lease {
 public:
  Lease(std::shared_ptr<OriginPool> pool, OriginPool::User user, Semaphore::Permit permit,
        std::unique_ptr<Connection> connection);
  Lease(Lease&&) noexcept = default;
  Lease& operator=(Lease&&) = delete;
  ~Lease();

  Connection& connection() const noexcept { return *connection_; }
  const std::string& origin() const noexcept { return pool_->origin_; }
  /// How the request ended for its instance; the first time counts.
  void report(StatusCode code, Origin origin);
  /// The connection is kept for another request.
  void give_back();
  /// The server sent bytes behind the response: that is counted and logged.
  void note_unasked() noexcept { pool_->note_unasked(); }

 private:
  std::shared_ptr<OriginPool> pool_;
  OriginPool::User user_;
  Semaphore::Permit permit_;
  std::unique_ptr<Connection> connection_;
  std::shared_ptr<Instance> instance_;  // until it was reported
  TimePoint begun_{};
};

}  // namespace weft::http1
