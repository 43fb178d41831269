#include "weft/registry/server/registry_service.h"

#include <algorithm>
#include <chrono>
#include <unordered_set>
#include <utility>

#include "weft/net/socket/address_scope.h"
#include "weft/registry/internal/instance.h"
#include "weft/registry/internal/registry_wire.h"
#include "weft/registry/server/internal/answers.h"
#include "weft/registry/server/internal/registrar.h"
#include "weft/registry/server/internal/request_checks.h"

namespace weft::registry {
namespace {

std::int64_t wall_clock_ms(const net::Loop& loop) {
  using std::chrono::milliseconds;
  // A simulation knows no other time than its own.
  const auto time = loop.is_simulated() ? loop.now().time_since_epoch()
                                        : std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<milliseconds>(time).count();
}

Status check_request(const v1::RegisterRequest& request, const RegistryOptions& options,
                     ServerContext& context) {
  Status status = check_service_name(request.service());
  if (status.ok()) status = check_instance(request.instance(), options);
  if (!status.ok()) return status;
  const Result<cluster::Endpoint> endpoint = endpoint_of(request.instance());
  if (!endpoint.ok()) return endpoint.status();
  return check_addresses(*endpoint, context.peer(), context.call().loop());
}

/// Each field of registry.proto, and none that this version does not know: those it cannot have
/// checked.
v1::Instance known_fields_of(const v1::Instance& instance) {
  v1::Instance known;
  known.set_id(instance.id());
  *known.mutable_addresses() = instance.addresses();
  known.set_name(instance.name());
  known.set_weight(instance.weight());
  known.set_zone(instance.zone());
  *known.mutable_attributes() = instance.attributes();
  return known;
}

std::shared_ptr<Record> record_of(const v1::RegisterRequest& request, Duration ttl,
                                  ServerContext& context) {
  auto record = std::make_shared<Record>(request.service(), known_fields_of(request.instance()),
                                         client_of(context.peer()));
  record->ttl_ms = milliseconds_of(ttl);
  record->registered_at_ms = wall_clock_ms(context.call().loop());
  return record;
}

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
    const Result<Registrar::OperationRef> begun =
        registrar_->put(record_of(request, *ttl, context));
    if (!begun.ok()) co_return begun.status();
    const Registrar::OperationRef operation = *begun;
    status = co_await operation->done.wait();
    if (status.ok()) status = operation->outcome;
    if (!status.ok()) co_return status;
    v1::RegisterResponse response;
    response.set_lease_id(operation->put->lease);
    response.set_ttl_ms(operation->put->ttl_ms);
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
    response.set_ttl_ms(record->ttl_ms);
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

  Task<Status> List(ServerContext& context, const v1::ListRequest& request,
                    Writer<v1::ListResponse>&) override {
    Status status = registrar_->enter();
    if (!status.ok()) co_return status;
    ListAnswer answer(*registrar_, request.service());
    co_return co_await answer.run(context.call().responses());
  }

  Task<Result<v1::ListServicesResponse>> ListServices(
      ServerContext&, const v1::ListServicesRequest& request) override {
    Status status = registrar_->enter();
    if (!status.ok()) return status;
    v1::ListServicesResponse response;
    response.set_store_id(registrar_->catalog().store_id());
    response.set_revision(registrar_->catalog().revision());
    const Catalog::Services& services = registrar_->catalog().services();
    std::size_t size = 0;
    for (auto next = services.upper_bound(request.after()); next != services.end(); ++next) {
      response.set_more(size >= kPartSize);
      if (response.more()) break;
      v1::ListServicesResponse::Service& service = *response.add_services();
      service.set_name(next->first);
      service.set_instances(static_cast<std::uint32_t>(next->second.size()));
      size += next->first.size();
    }
    return response;
  }

  Task<Status> Watch(ServerContext& context, const v1::WatchRequest& request,
                     Writer<v1::WatchResponse>&) override {
    Status status = registrar_->enter();
    if (status.ok() && !request.service().empty()) status = check_service_name(request.service());
    std::string client = client_of(context.peer());
    if (status.ok()) status = registrar_->take_watch(client);
    if (!status.ok()) co_return status;
    WatchAnswer answer(registrar_, request, std::move(client));
    co_return co_await answer.run(context.call().responses());
  }

 private:
  std::shared_ptr<Registrar> registrar_;
};

/// What was stored is held against today's limits.
class SavedChecks {
 public:
  SavedChecks(const RegistryOptions& options, Accounts& accounts)
      : options_(options), accounts_(accounts) {}

  Status check(const Record& record, const v1::Instance& instance) {
    Status status = check_instance(instance, options_);
    if (status.ok() && record.client().empty()) status = check_unknown(instance);
    if (status.ok() && leases_.contains(record.lease)) {
      status = data_loss("another instance has its lease");
    }
    if (status.ok()) status = accounts_.take(record, nullptr);
    if (status.ok()) leases_.insert(record.lease);
    return status;
  }

 private:
  /// Of a file of format 1, which did not ask who registers local addresses.
  static Status check_unknown(const v1::Instance& instance) {
    const Result<cluster::Endpoint> endpoint = endpoint_of(instance);
    if (!endpoint.ok()) return endpoint.status();
    for (const net::Address& address : endpoint->addresses) {
      if (net::scope_of(address) == net::AddressScope::Everywhere) continue;
      return invalid_argument("address '" + address.to_string() + "' " +
                              std::string(net::description_of(net::scope_of(address))) +
                              ", and its registrant is not known");
    }
    return {};
  }

  const RegistryOptions& options_;
  Accounts& accounts_;
  std::unordered_set<std::uint64_t> leases_;
};

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
  Accounts accounts(options);
  SavedChecks checks(options, accounts);
  const LoadLimits limits{
      .check = [&checks](const Record& record,
                         const v1::Instance& instance) { return checks.check(record, instance); },
      .history = options.history,
      .history_memory = options.max_history_memory};
  Result<Saved> saved = store->load(limits);
  if (!saved.ok()) return std::move(saved).status();
  auto registrar = std::make_shared<Registrar>(std::move(store), std::move(*saved),
                                               std::move(accounts), options);
  return RegistryService(std::make_shared<Impl>(std::move(registrar)));
}

std::shared_ptr<ServiceDefinition> RegistryService::definition() const { return impl_->definition; }
std::size_t RegistryService::instances() const noexcept { return impl_->registrar->instances(); }
std::size_t RegistryService::watches() const noexcept { return impl_->registrar->watches(); }

}  // namespace weft::registry
