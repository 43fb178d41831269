#include "weft/registry/server/internal/registrar.h"

#include <algorithm>
#include <exception>
#include <set>

#include "weft/base/log.h"
#include "weft/net/loop/awaited.h"
#include "weft/net/loop/offload.h"
#include "weft/net/socket/secret.h"

namespace weft::registry {
namespace {

// How often leases are looked at when none is about to end, to notice that time was lost.
constexpr Duration kTick = std::chrono::seconds(1);
// A look at the leases that comes later than this was held up: by SIGSTOP, a paused machine, a
// disk.
constexpr Duration kLost = std::chrono::seconds(1);
// Bounds a transaction, and with it how long the next in the queue waits.
constexpr std::size_t kMaxBatch = 1000;

/// What is said of an instance that is gone.
RecordRef without_details(const Record& record) {
  v1::Instance instance = record.instance();
  instance.clear_weight();
  instance.clear_zone();
  instance.clear_attributes();
  return std::make_shared<const Record>(record.service(), instance, record.client());
}

}  // namespace

/// A batch that is being made: operations see what those before them in it will have done.
struct Registrar::Draft {
  StoreBatch batch;
  std::vector<OperationRef> operations;
  std::map<Key, RecordRef> changed;
  std::vector<std::uint64_t> ending;
};

Watcher::Watcher(std::shared_ptr<Registrar> registrar, const std::string& service,
                 std::string client)
    : registrar_(std::move(registrar)),
      client_(std::move(client)),
      place_(registrar_->watchers_.try_emplace(service).first) {
  place_->second.push_back(*this);
  ++registrar_->watch_count_;
}

Watcher::~Watcher() {
  unlink();
  if (place_->second.empty()) registrar_->watchers_.erase(place_);
  --registrar_->watch_count_;
  registrar_->accounts_.give_back_watch(client_);
}

Task<Status> Watcher::wait(TimePoint until) {
  net::Wait wait(*net::Loop::current(), until);
  const net::Awaited awaited(waiting_, wait);
  co_return co_await wait;
}

Registrar::Registrar(std::shared_ptr<Store> store, Saved saved, Accounts accounts,
                     const RegistryOptions& options)
    : Timer(&Registrar::tick),
      store_(std::move(store)),
      options_(options),
      catalog_(std::move(saved)),
      accounts_(std::move(accounts)),
      instances_(catalog_.size()) {}

Registrar::~Registrar() = default;

Status Registrar::enter() {
  net::Loop* const here = net::Loop::current();
  net::Loop* home = nullptr;
  if (loop_.compare_exchange_strong(home, here)) return bind(*here);
  if (home == here && !ended_) return {};
  return failed_precondition(
      ended_ ? "the registry's server has ended"
             : "a registry is served by one loop: its server needs ServerOptions::threads = 1");
}

Status Registrar::bind(net::Loop& loop) {
  loop.at_loop_end(*this);
  const TimePoint now = loop.now();
  for (RecordRef& record : catalog_.list({})) {
    const TimePoint until = after(after(now, ttl_of(*record)), options_.restart_grace);
    leases_.add(std::move(record), until);
  }
  arm();
  return {};
}

void Registrar::on_loop_end() noexcept {
  ended_ = true;
  Timer::cancel();
}

TimePoint Registrar::now() const noexcept { return loop_.load()->now(); }

void Registrar::arm() {
  // Leases that are over already are being committed, or could not be.
  due_ = now() + kTick;
  if (leases_.next() > now()) due_ = std::min(due_, leases_.next());
  loop_.load()->arm(*this, due_);
}

void Registrar::tick(net::Timer& timer) noexcept {
  auto& self = static_cast<Registrar&>(timer);
  self.check_leases();
  self.arm();
}

void Registrar::check_leases() {
  const Duration late = now() - due_;
  if (late > kLost) {
    log(LogLevel::Warn, "registry: stood still for " +
                            to_string(std::chrono::duration_cast<std::chrono::milliseconds>(late)) +
                            "; every lease holds longer by as much");
    leases_.extend_all(late);
  }
  if (leases_.next() > now()) return;
  may_lapse_ = true;
  start_commit();
}

Result<Registrar::OperationRef> Registrar::put(std::shared_ptr<Record> record) {
  const RecordRef replaced = catalog_.find(record->service(), record->id());
  Status status = accounts_.take(*record, replaced.get());
  if (!status.ok()) return status;
  auto operation = std::make_shared<Operation>();
  operation->put = std::move(record);
  queue_.push_back(operation);
  start_commit();
  return operation;
}

Registrar::OperationRef Registrar::remove(RecordRef record) {
  auto operation = std::make_shared<Operation>();
  operation->kind = v1::Change::DEREGISTERED;
  operation->removed = std::move(record);
  queue_.push_back(operation);
  start_commit();
  return operation;
}

RecordRef Registrar::find_lease(std::uint64_t id) {
  const Leases::Lease* const lease = leases_.find(id);
  return lease == nullptr || lease->ending ? nullptr : lease->record;
}

Duration Registrar::time_left(std::uint64_t id) {
  const Leases::Lease* const lease = leases_.find(id);
  return lease == nullptr ? Duration::zero() : std::max(Duration::zero(), lease->until - now());
}

RecordRef Registrar::keep_alive(std::uint64_t id) {
  RecordRef record = find_lease(id);
  if (record != nullptr) leases_.extend(id, now() + ttl_of(*record));
  return record;
}

void Registrar::close() noexcept {
  closing_ = true;
  for (auto& [service, watchers] : watchers_) {
    watchers.for_each([](Watcher& watcher) {
      if (watcher.waiting_ != nullptr) watcher.waiting_->complete();
    });
  }
}

std::uint64_t Registrar::new_lease() {
  for (;;) {
    // Whoever knows a lease can end it.
    const std::uint64_t id = net::secret(*loop_.load());
    if (id != 0 && leases_.find(id) == nullptr) return id;
  }
}

void Registrar::start_commit() {
  // A draft may consist of operations that change nothing.
  while (!committing_ && (!queue_.empty() || may_lapse_)) {
    std::shared_ptr<Draft> made = draft();
    if (made->batch.changes.empty()) {
      finish(*made, {});
    } else {
      commit(made);
    }
  }
}

std::shared_ptr<Registrar::Draft> Registrar::draft() {
  auto made = std::make_shared<Draft>();
  draft_lapses(*made);
  while (!queue_.empty() && made->batch.changes.size() < kMaxBatch) {
    draft_operation(*made, queue_.front());
    made->operations.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  made->batch.compacted =
      catalog_.compaction_for(options_.history, options_.max_history_memory, made->batch.changes);
  return made;
}

void Registrar::draft_lapses(Draft& draft) {
  if (!std::exchange(may_lapse_, false)) return;
  for (const RecordRef& record : leases_.lapsed(now(), kMaxBatch)) {
    leases_.find(record->lease)->ending = true;
    draft.ending.push_back(record->lease);
    draft.batch.changes.push_back({.revision = catalog_.revision() + draft.batch.changes.size() + 1,
                                   .kind = v1::Change::LAPSED,
                                   .record = without_details(*record)});
    draft.changed[Key(record->service(), record->id())] = nullptr;
  }
}

void Registrar::draft_operation(Draft& draft, const OperationRef& operation) {
  const Record& subject = operation->put ? *operation->put : *operation->removed;
  Key key(subject.service(), subject.id());
  const auto changed = draft.changed.find(key);
  const RecordRef current =
      changed != draft.changed.end() ? changed->second : catalog_.find(key.first, key.second);
  const std::uint64_t revision = catalog_.revision() + draft.batch.changes.size() + 1;
  operation->revision = revision - 1;
  RecordRef record;
  if (operation->put) {
    operation->put->lease = new_lease();
    operation->put->revision = revision;
    record = operation->put;
    draft.changed[std::move(key)] = record;
  } else {
    // Gone, or another registration by now.
    if (current != operation->removed) return;
    record = without_details(subject);
    draft.changed[std::move(key)] = nullptr;
    if (Leases::Lease* const lease = leases_.find(subject.lease)) {
      lease->ending = true;
      draft.ending.push_back(subject.lease);
    }
  }
  operation->revision = revision;
  draft.batch.changes.push_back(
      {.revision = revision, .kind = operation->kind, .record = std::move(record)});
}

void Registrar::commit(const std::shared_ptr<Draft>& draft) {
  committing_ = true;
  net::Loop& loop = *loop_.load();
  const std::shared_ptr<Registrar> self = shared_from_this();
  const auto work = [self, draft, anchor = loop.anchor()] {
    Status status = self->store_->commit(draft->batch);
    anchor->post([self, draft, status] {
      self->committing_ = false;
      self->finish(*draft, status);
      self->start_commit();
      self->arm();
    });
  };
  // In a simulation nothing may leave the thread.
  if (loop.is_simulated()) return work();
  try {
    net::default_blocking_pool().run(work);
  } catch (const std::exception& error) {
    committing_ = false;
    finish(*draft, resource_exhausted(std::string("no thread to write with: ") + error.what()));
  }
}

void Registrar::finish(Draft& draft, const Status& status) {
  if (!draft.batch.changes.empty()) log_outcome(status);
  if (status.ok()) {
    apply(draft.batch);
    // There may be more than a batch holds. After a failure the next tick tries again.
    may_lapse_ = may_lapse_ || leases_.next() <= now();
  } else {
    for (const std::uint64_t lease : draft.ending) {
      if (Leases::Lease* const kept = leases_.find(lease)) kept->ending = false;
    }
  }
  for (const OperationRef& operation : draft.operations) finish_operation(*operation, status);
}

void Registrar::finish_operation(Operation& operation, const Status& status) {
  operation.outcome = status;
  if (!status.ok() && operation.put) accounts_.give_back(*operation.put);
  operation.done.set();
}

void Registrar::apply(const StoreBatch& batch) {
  std::set<std::string_view> services;
  for (const ChangeRecord& change : batch.changes) {
    applied(change);
    services.insert(change.record->service());
  }
  catalog_.compact(batch.compacted);
  instances_ = catalog_.size();
  log_lapses(batch);
  for (const std::string_view service : services) tell(service);
  if (!services.empty()) tell({});
}

void Registrar::applied(const ChangeRecord& change) {
  const RecordRef before = catalog_.find(change.record->service(), change.record->id());
  if (before != nullptr) {
    leases_.remove(before->lease);
    accounts_.give_back(*before);
  }
  catalog_.apply(change);
  if (change.kind == v1::Change::PUT) leases_.add(change.record, now() + ttl_of(*change.record));
}

/// One line for a commit, however many clients let their leases lapse.
void Registrar::log_lapses(const StoreBatch& batch) {
  const Record* first = nullptr;
  std::size_t lapsed = 0;
  for (const ChangeRecord& change : batch.changes) {
    if (change.kind != v1::Change::LAPSED) continue;
    if (lapsed++ == 0) first = change.record.get();
  }
  if (first == nullptr) return;
  const v1::Instance instance = first->instance();
  std::string line = "registry: the lease of " + std::string(first->service()) + " at ";
  line.append(instance.addresses().empty() ? "no address" : instance.addresses(0));
  line.append(" has lapsed");
  if (lapsed > 1) line.append(" (and ").append(std::to_string(lapsed - 1)).append(" more)");
  log(LogLevel::Info, line);
}

void Registrar::tell(std::string_view service) {
  const auto found = watchers_.find(service);
  if (found == watchers_.end()) return;
  found->second.for_each([](Watcher& watcher) {
    if (watcher.waiting_ != nullptr) watcher.waiting_->complete();
  });
}

void Registrar::log_outcome(const Status& status) {
  if (status.ok() == !failing_) return;
  failing_ = !status.ok();
  if (failing_) {
    log(LogLevel::Error, "registry: cannot store changes: " + status.to_string());
  } else {
    log(LogLevel::Info, "registry: changes are stored again");
  }
}

}  // namespace weft::registry
