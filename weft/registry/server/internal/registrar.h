#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weft/base/intrusive_list.h"
#include "weft/coro/event.h"
#include "weft/net/loop/loop.h"
#include "weft/net/loop/timer.h"
#include "weft/net/loop/wait.h"
#include "weft/registry/server/internal/accounts.h"
#include "weft/registry/server/internal/catalog.h"
#include "weft/registry/server/internal/leases.h"
#include "weft/registry/server/internal/store_batch.h"
#include "weft/registry/server/registry_service.h"

namespace weft::registry {

/// Someone who wants to hear of a service's changes; in the watching coroutine's frame. Its client
/// has a watch less (Accounts::take_watch()) until it is gone.
class Watcher : private ListNode {
 public:
  Watcher(std::shared_ptr<class Registrar> registrar, const std::string& service,
          std::string client);
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;
  ~Watcher();
  const std::string& service() const noexcept { return place_->first; }

  /// Suspends until something of the service has changed, the registry closes, or a time.
  Task<Status> wait(TimePoint until);

 private:
  friend class Registrar;
  template <class T, class Node>
  friend class weft::IntrusiveList;
  using ByService = std::map<std::string, IntrusiveList<Watcher>, std::less<>>;
  std::shared_ptr<Registrar> registrar_;
  std::string client_;
  ByService::iterator place_;
  net::Wait* waiting_ = nullptr;
};

/// The registry's state and its way to the store. Belongs to the loop that first enters it.
///
/// What is asked for while a commit is under way waits, and is committed together: SQL and the disk
/// never hold up the loop, and a thousand registrations at once are a few transactions. The catalog
/// and the watches see a change when it is committed, so that no revision is ever taken back.
class Registrar final : public std::enable_shared_from_this<Registrar>,
                        private net::LoopEndHook,
                        private net::Timer {
 public:
  /// A change that was asked for. `done` is set when it is committed or has failed.
  struct Operation {
    v1::Change::Kind kind = v1::Change::PUT;
    /// What to enter; its lease and revision are filled in.
    std::shared_ptr<Record> put;
    /// What to take out.
    RecordRef removed;
    Status outcome;
    std::uint64_t revision = 0;
    Event done;
  };
  using OperationRef = std::shared_ptr<Operation>;

  /// `accounts` has what `saved` holds.
  Registrar(std::shared_ptr<Store> store, Saved saved, Accounts accounts,
            const RegistryOptions& options);
  ~Registrar();

  /// To be called first by whoever comes in; FAILED_PRECONDITION on a loop that is not the one.
  Status enter();
  const RegistryOptions& options() const noexcept { return options_; }
  const Catalog& catalog() const noexcept { return catalog_; }
  TimePoint now() const noexcept;

  /// RESOURCE_EXHAUSTED where the record's client, or the registry, has no room for it.
  Result<OperationRef> put(std::shared_ptr<Record> record);
  OperationRef remove(RecordRef record);
  /// Null where there is no such lease, or it is about to end.
  RecordRef find_lease(std::uint64_t id);
  /// The time that a lease has left; zero where there is none.
  Duration time_left(std::uint64_t id);
  RecordRef keep_alive(std::uint64_t id);
  /// Room for a Watcher; RESOURCE_EXHAUSTED where there is none.
  Status take_watch(const std::string& client) { return accounts_.take_watch(client); }

  /// Watches end.
  void close() noexcept;
  bool closing() const noexcept { return closing_; }
  std::size_t instances() const noexcept { return instances_.load(std::memory_order_relaxed); }
  std::size_t watches() const noexcept { return watch_count_.load(std::memory_order_relaxed); }

 private:
  friend class Watcher;
  using Key = std::pair<std::string, std::string>;
  struct Draft;

  Status bind(net::Loop& loop);
  void on_loop_end() noexcept override;
  static void tick(net::Timer& timer) noexcept;
  void arm();
  void check_leases();
  void start_commit();
  std::shared_ptr<Draft> draft();
  void draft_operation(Draft& draft, const OperationRef& operation);
  void draft_lapses(Draft& draft);
  void commit(const std::shared_ptr<Draft>& draft);
  void finish(Draft& draft, const Status& status);
  void finish_operation(Operation& operation, const Status& status);
  void apply(const StoreBatch& batch);
  void applied(const ChangeRecord& change);
  void tell(std::string_view service);
  static void log_lapses(const StoreBatch& batch);
  void log_outcome(const Status& status);
  std::uint64_t new_lease();

  const std::shared_ptr<Store> store_;
  const RegistryOptions options_;
  Catalog catalog_;
  Accounts accounts_;
  Leases leases_;
  std::atomic<net::Loop*> loop_{nullptr};
  bool ended_ = false;
  bool closing_ = false;
  TimePoint due_{};

  std::deque<OperationRef> queue_;
  bool committing_ = false;
  bool may_lapse_ = false;
  bool failing_ = false;

  Watcher::ByService watchers_;
  std::atomic<std::size_t> instances_{0};
  std::atomic<std::size_t> watch_count_{0};
};

}  // namespace weft::registry
