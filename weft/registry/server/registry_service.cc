#include "weft/registry/server/registry_service.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "weft/cluster/announcer.h"
#include "weft/net/address_scope.h"
#include "weft/registry/internal/instance.h"
#include "weft/registry/server/internal/registrar.h"
#include "weft/registry/v1/registry.weft.h"

namespace weft::registry {
namespace {

// A part of a long answer: little enough for any message limit, much enough to be worth a message.
constexpr std::size_t kPartSize = std::size_t{128} << 10;
constexpr std::size_t kMaxChangesInMessage = 100;
constexpr std::size_t kMaxId = 128;
constexpr int kMaxAddresses = 16;

std::int64_t wall_clock_ms(const net::Loop& loop) {
  using std::chrono::milliseconds;
  // A simulation knows no other time than its own.
  const auto time = loop.is_simulated() ? loop.now().time_since_epoch()
                                        : std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<milliseconds>(time).count();
}

std::uint32_t milliseconds_of(Duration duration) {
  return static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

/// Who may send others there: `peer` registers for them all.
Status check_addresses(const cluster::Endpoint& endpoint, const net::Address& peer,
                       const net::Loop& loop) {
  if (net::scope_of(peer, loop) == net::AddressScope::Machine) return {};
  for (const net::Address& address : endpoint.addresses) {
    const net::AddressScope scope = net::scope_of(address, loop);
    if (scope == net::AddressScope::Everywhere) continue;
    return invalid_argument("address '" + address.to_string() + "' " +
                            std::string(net::description_of(scope)) +
                            ": only clients that reach the registry by a loopback address or a "
                            "Unix socket may register it, and this one is at " +
                            peer.to_string());
  }
  return {};
}

Status check_instance(const v1::Instance& instance, const RegistryOptions& options) {
  if (instance.id().empty() || instance.id().size() > kMaxId) {
    return invalid_argument("the instance's id has " + std::to_string(instance.id().size()) +
                            " bytes, not 1 to " + std::to_string(kMaxId));
  }
  if (instance.addresses_size() > kMaxAddresses) {
    return invalid_argument("the instance has " + std::to_string(instance.addresses_size()) +
                            " addresses, more than " + std::to_string(kMaxAddresses));
  }
  const std::size_t size = instance.ByteSizeLong();
  if (size > options.max_instance_size) {
    return resource_exhausted(
        "the instance has " + std::to_string(size) + " bytes with its attributes, more than " +
        std::to_string(options.max_instance_size) + " (RegistryOptions::max_instance_size)");
  }
  if (instance.weight() > cluster::kMaxAnnouncedWeight) {
    return invalid_argument("the instance's weight is " + std::to_string(instance.weight()) +
                            ", more than " + std::to_string(cluster::kMaxAnnouncedWeight));
  }
  return {};
}

Status check_request(const v1::RegisterRequest& request, const RegistryOptions& options,
                     ServerContext& context) {
  Status status = check_service_name(request.service());
  if (status.ok()) status = check_instance(request.instance(), options);
  if (!status.ok()) return status;
  const Result<cluster::Endpoint> endpoint = endpoint_of(request.instance());
  if (!endpoint.ok()) return endpoint.status();
  return check_addresses(*endpoint, context.peer().address, context.call().loop());
}

/// The lease's time that is asked for.
Result<Duration> check_ttl(std::uint32_t ttl_ms, const RegistryOptions& options) {
  const Duration ttl = ttl_ms == 0 ? options.default_ttl : std::chrono::milliseconds(ttl_ms);
  if (ttl >= options.min_ttl && ttl <= options.max_ttl) return ttl;
  return invalid_argument("a lease of " + to_string(ttl) + " is not from " +
                          to_string(options.min_ttl) + " to " + to_string(options.max_ttl) +
                          " (RegistryOptions::min_ttl, max_ttl)");
}

/// Moves records from `next` on into a part of an answer until it is large enough.
template <class Message>
void fill_part(const std::vector<RecordRef>& records, std::size_t& next, Message& part) {
  std::size_t size = 0;
  while (next < records.size() && size < kPartSize) {
    const v1::Entry& entry = records[next++]->entry;
    size += entry.ByteSizeLong();
    *part.add_entries() = entry;
  }
}

/// One watch: what it has told, and what comes next.
class Watch {
 public:
  Watch(std::shared_ptr<Registrar> registrar, const v1::WatchRequest& request)
      : registrar_(std::move(registrar)),
        watcher_(registrar_, request.service()),
        told_(request.revision()) {
    const Catalog& catalog = registrar_->catalog();
    if (request.store_id().empty()) {
      reason_ = v1::WatchResponse::ASKED;
    } else if (request.store_id() != catalog.store_id() || told_ > catalog.revision()) {
      reason_ = v1::WatchResponse::OTHER_STORE;
    } else if (!catalog.knows_since(told_)) {
      reason_ = v1::WatchResponse::COMPACTED;
    }
  }

  Task<Status> run(Writer<v1::WatchResponse>& writer) {
    for (;;) {
      if (registrar_->closing()) co_return unavailable("the registry is shutting down");
      bool told = false;
      if (reason_) {
        told = co_await tell_snapshot(writer);
      } else {
        told = co_await tell_changes(writer);
      }
      if (!told) co_return writer.status();
      if (reason_ || told_ < registrar_->catalog().revision()) continue;
      const Status status = co_await watcher_.wait(heartbeat_at_);
      if (!status.ok()) co_return status;
    }
  }

 private:
  v1::WatchResponse response() {
    v1::WatchResponse response;
    response.set_store_id(registrar_->catalog().store_id());
    response.set_revision(told_);
    response.set_heartbeat_ms(milliseconds_of(registrar_->options().heartbeat));
    heartbeat_at_ = registrar_->now() + registrar_->options().heartbeat;
    return response;
  }

  Task<bool> tell_snapshot(Writer<v1::WatchResponse>& writer) {
    // What changes while this is written comes after it: it is the state at one revision.
    const std::vector<RecordRef> records = registrar_->catalog().list(watcher_.service());
    told_ = registrar_->catalog().revision();
    std::size_t next = 0;
    do {
      v1::WatchResponse part = response();
      v1::WatchResponse::Snapshot& snapshot = *part.mutable_snapshot();
      snapshot.set_reason(*reason_);
      fill_part(records, next, snapshot);
      snapshot.set_more(next < records.size());
      if (!co_await writer.write(part)) co_return false;
    } while (next < records.size());
    reason_.reset();
    co_return true;
  }

  /// Without changes a heartbeat, when it is time for one.
  Task<bool> tell_changes(Writer<v1::WatchResponse>& writer) {
    const Catalog& catalog = registrar_->catalog();
    if (!catalog.knows_since(told_)) {
      reason_ = v1::WatchResponse::SLOW;
      co_return true;
    }
    const std::vector<ChangeRecord> changes =
        catalog.changes_since(told_, watcher_.service(), kMaxChangesInMessage, told_);
    if (changes.empty() && registrar_->now() < heartbeat_at_) co_return true;
    v1::WatchResponse message = response();
    if (changes.empty()) message.mutable_heartbeat();
    for (const ChangeRecord& change : changes) {
      v1::Change& told = *message.mutable_changes()->add_changes();
      told.set_revision(change.revision);
      told.set_kind(change.kind);
      *told.mutable_entry() = change.record->entry;
    }
    co_return co_await writer.write(message);
  }

  std::shared_ptr<Registrar> registrar_;
  Watcher watcher_;
  std::uint64_t told_;
  // Where a snapshot is due, why.
  std::optional<v1::WatchResponse::Reason> reason_;
  // A watch that resumes begins with one, as a sign that it is there.
  TimePoint heartbeat_at_{};
};

class Definition final : public v1::RegistryService {
 public:
  explicit Definition(std::shared_ptr<Registrar> registrar) : registrar_(std::move(registrar)) {}

  void on_drain() noexcept override { registrar_->close(); }

  Task<Result<v1::RegisterResponse>> Register(ServerContext& context,
                                              const v1::RegisterRequest& request) override {
    Status status = registrar_->enter();
    if (status.ok()) status = check_request(request, registrar_->options(), context);
    if (!status.ok()) co_return status;
    const Result<Duration> ttl = check_ttl(request.ttl_ms(), registrar_->options());
    if (!ttl.ok()) co_return ttl.status();
    auto record = std::make_shared<Record>();
    record->entry.set_service(request.service());
    *record->entry.mutable_instance() = request.instance();
    record->entry.set_ttl_ms(milliseconds_of(*ttl));
    record->entry.set_registered_at_ms(wall_clock_ms(context.call().loop()));
    const Registrar::OperationRef operation = registrar_->put(std::move(record));
    status = co_await operation->done.wait();
    if (status.ok()) status = operation->outcome;
    if (!status.ok()) co_return status;
    v1::RegisterResponse response;
    response.set_lease_id(operation->put->lease);
    response.set_ttl_ms(operation->put->entry.ttl_ms());
    response.set_store_id(registrar_->catalog().store_id());
    response.set_revision(operation->revision);
    co_return response;
  }

  Task<Result<v1::KeepAliveResponse>> KeepAlive(ServerContext&,
                                                const v1::KeepAliveRequest& request) override {
    Status status = registrar_->enter();
    if (!status.ok()) return status;
    const RecordRef record = registrar_->keep_alive(request.lease_id());
    if (record == nullptr) {
      return Status(not_found("lease " + std::to_string(request.lease_id()) +
                              " is not known here; it has lapsed, or was never given"));
    }
    v1::KeepAliveResponse response;
    response.set_ttl_ms(record->entry.ttl_ms());
    return response;
  }

  Task<Result<v1::DeregisterResponse>> Deregister(ServerContext&,
                                                  const v1::DeregisterRequest& request) override {
    Status status = registrar_->enter();
    if (!status.ok()) co_return status;
    RecordRef record = request.lease_id() != 0
                           ? registrar_->find_lease(request.lease_id())
                           : registrar_->catalog().find(request.service(), request.instance_id());
    v1::DeregisterResponse response;
    response.set_revision(registrar_->catalog().revision());
    if (record == nullptr) co_return response;
    const Registrar::OperationRef operation = registrar_->remove(std::move(record));
    status = co_await operation->done.wait();
    if (status.ok()) status = operation->outcome;
    if (!status.ok()) co_return status;
    response.set_revision(operation->revision);
    co_return response;
  }

  Task<Status> List(ServerContext&, const v1::ListRequest& request,
                    Writer<v1::ListResponse>& writer) override {
    Status status = registrar_->enter();
    if (!status.ok()) co_return status;
    const std::vector<RecordRef> records = registrar_->catalog().list(request.service());
    const std::uint64_t revision = registrar_->catalog().revision();
    std::size_t next = 0;
    do {
      const std::size_t first = next;
      v1::ListResponse part;
      part.set_revision(revision);
      fill_part(records, next, part);
      for (std::size_t i = first; i < next; ++i) {
        part.mutable_entries(static_cast<int>(i - first))
            ->set_remaining_ms(milliseconds_of(registrar_->time_left(records[i]->lease)));
      }
      if (!co_await writer.write(part)) co_return writer.status();
    } while (next < records.size());
    co_return ok_status();
  }

  Task<Result<v1::ListServicesResponse>> ListServices(ServerContext&,
                                                      const v1::ListServicesRequest&) override {
    Status status = registrar_->enter();
    if (!status.ok()) return status;
    v1::ListServicesResponse response;
    response.set_store_id(registrar_->catalog().store_id());
    response.set_revision(registrar_->catalog().revision());
    for (const auto& [name, instances] : registrar_->catalog().services()) {
      v1::ListServicesResponse::Service& service = *response.add_services();
      service.set_name(name);
      service.set_instances(static_cast<std::uint32_t>(instances.size()));
    }
    return response;
  }

  Task<Status> Watch(ServerContext&, const v1::WatchRequest& request,
                     Writer<v1::WatchResponse>& writer) override {
    Status status = registrar_->enter();
    if (status.ok() && !request.service().empty()) status = check_service_name(request.service());
    if (!status.ok()) co_return status;
    const std::size_t limit = registrar_->options().max_watches;
    if (registrar_->watches() >= limit) {
      co_return resource_exhausted("the registry has its limit of " + std::to_string(limit) +
                                   " watches (RegistryOptions::max_watches)");
    }
    class Watch watch(registrar_, request);
    co_return co_await watch.run(writer);
  }

 private:
  std::shared_ptr<Registrar> registrar_;
};

Status check_options(const RegistryOptions& options) {
  if (options.min_ttl < std::chrono::milliseconds(1) || options.min_ttl > options.default_ttl ||
      options.default_ttl > options.max_ttl || options.max_ttl > std::chrono::hours(1000)) {
    return invalid_argument("RegistryOptions: min_ttl " + to_string(options.min_ttl) +
                            ", default_ttl " + to_string(options.default_ttl) + " and max_ttl " +
                            to_string(options.max_ttl) +
                            " are not in this order, from 1ms to 1000h");
  }
  if (options.heartbeat < std::chrono::milliseconds(10) ||
      options.heartbeat > std::chrono::hours(1)) {
    return invalid_argument("RegistryOptions: a heartbeat of " + to_string(options.heartbeat) +
                            " is not from 10ms to 1h");
  }
  if (options.restart_grace < Duration::zero() || options.restart_grace > std::chrono::hours(1)) {
    return invalid_argument("RegistryOptions: a restart_grace of " +
                            to_string(options.restart_grace) + " is not from 0s to 1h");
  }
  if (options.history == 0) return invalid_argument("RegistryOptions: history is 0");
  return {};
}

}  // namespace

class RegistryService::Impl {
 public:
  explicit Impl(std::shared_ptr<Registrar> made)
      : registrar(std::move(made)), definition(std::make_shared<Definition>(registrar)) {}
  std::shared_ptr<Registrar> registrar;
  std::shared_ptr<ServiceDefinition> definition;
};

Result<RegistryService> RegistryService::open(const std::string& path, RegistryOptions options) {
  Result<std::shared_ptr<Store>> store = open_sqlite_store(path);
  if (!store.ok()) return std::move(store).status();
  return open(std::move(*store), options);
}

Result<RegistryService> RegistryService::open(std::shared_ptr<Store> store,
                                              RegistryOptions options) {
  Status status = check_options(options);
  if (!status.ok()) return status;
  Result<Saved> saved = store->load();
  if (!saved.ok()) return std::move(saved).status();
  auto registrar = std::make_shared<Registrar>(std::move(store), std::move(*saved), options);
  return RegistryService(std::make_shared<Impl>(std::move(registrar)));
}

std::shared_ptr<ServiceDefinition> RegistryService::definition() const { return impl_->definition; }
std::size_t RegistryService::instances() const noexcept { return impl_->registrar->instances(); }
std::size_t RegistryService::watches() const noexcept { return impl_->registrar->watches(); }

}  // namespace weft::registry
