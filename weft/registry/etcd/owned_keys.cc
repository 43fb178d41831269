#include "weft/registry/etcd/owned_keys.h"

#include <chrono>
#include <utility>

#include "weft/cluster/resolvers/resolver.h"
#include "weft/net/loop/deadline_guard.h"
#include "weft/registry/etcd/internal/etcd_client.h"
#include "weft/registry/etcd/internal/etcd_transactions.h"

namespace weft::registry {
namespace {

using std::chrono::seconds;
using Client = std::shared_ptr<EtcdClient>;
using Entry = std::optional<mvccpb::KeyValue>;

std::optional<mvccpb::KeyValue> only_entry(const etcdserverpb::RangeResponse& response) {
  if (response.kvs_size() == 0) return std::nullopt;
  return response.kvs(0);
}

Task<Result<Entry>> look(Client client, std::string key) {
  etcdserverpb::RangeRequest request;
  request.set_key(client->target().prefix + key);
  const Result<etcdserverpb::RangeResponse> response =
      co_await client->call(&etcdserverpb::KVClient::Range, request);
  if (!response.ok()) co_return response.status();
  co_return only_entry(*response);
}

Task<Result<std::int64_t>> grant(Client client, Duration lease) {
  etcdserverpb::LeaseGrantRequest request;
  request.set_ttl(std::chrono::ceil<seconds>(lease).count());
  const Result<etcdserverpb::LeaseGrantResponse> response =
      co_await client->call(&etcdserverpb::LeaseClient::LeaseGrant, request);
  if (!response.ok()) co_return response.status();
  co_return response->id();
}

/// Also where the caller has been cancelled.
Task<Status> revoke(Client client, std::int64_t lease) {
  etcdserverpb::LeaseRevokeRequest request;
  request.set_id(lease);
  Task<Result<etcdserverpb::LeaseRevokeResponse>> call =
      client->call(&etcdserverpb::LeaseClient::LeaseRevoke, request);
  const Result<etcdserverpb::LeaseRevokeResponse> response =
      co_await net::in_own_context(EtcdClient::kAnswerTime, std::move(call));
  // It has lapsed by itself.
  if (response.status().code() == StatusCode::NotFound) co_return ok_status();
  co_return response.status();
}

/// Puts the key where there is none, and else gives it.
etcdserverpb::TxnRequest put_if_absent(const std::string& key, const std::string& value,
                                       std::int64_t lease) {
  etcdserverpb::TxnRequest request;
  etcdserverpb::Compare& absent = *request.add_compare();
  absent.set_target(etcdserverpb::Compare::CREATE);
  absent.set_key(key);
  absent.set_create_revision(0);
  etcdserverpb::PutRequest& put = *request.add_success()->mutable_request_put();
  put.set_key(key);
  put.set_value(value);
  put.set_lease(lease);
  request.add_failure()->mutable_request_range()->set_key(key);
  return request;
}

/// The entry after an attempt to put it with `lease`; nothing where it has gone meanwhile.
Task<Result<Entry>> put(Client client, std::string key, std::string value, std::int64_t lease) {
  const etcdserverpb::TxnRequest request =
      put_if_absent(client->target().prefix + key, value, lease);
  const Result<etcdserverpb::TxnResponse> response =
      co_await client->call<etcdserverpb::TxnResponse>(kTxn, request);
  if (!response.ok()) co_return response.status();
  if (!response->succeeded()) {
    if (response->responses_size() == 0) co_return Entry();
    co_return only_entry(response->responses(0).response_range());
  }
  Entry entry(std::in_place);
  entry->set_create_revision(response->header().revision());
  entry->set_lease(lease);
  co_return entry;
}

}  // namespace

Result<OwnedKeys> OwnedKeys::at(net::Loop& loop, std::string_view target) {
  const Result<cluster::TargetParts> parts = cluster::TargetParts::parse(target);
  if (!parts.ok()) return parts.status();
  if (parts->scheme != "etcd") {
    return invalid_argument("the target '" + std::string(cluster::shown(target)) +
                            "' is not that of an etcd: etcd://host:2379/prefix");
  }
  Result<EtcdTarget> read = EtcdTarget::read(*parts);
  if (!read.ok()) return read.status();
  return OwnedKeys(std::make_shared<EtcdClient>(loop, *std::move(read)));
}

Task<Result<OwnedKeys::Attempt>> OwnedKeys::take(std::string key, std::string owner,
                                                 Duration lease) const {
  const Client client = client_;
  const Result<Entry> there = co_await look(client, key);
  if (!there.ok()) co_return there.status();
  if (*there) co_return Attempt{.owner = (*there)->value()};
  const Result<std::int64_t> granted = co_await grant(client, lease);
  if (!granted.ok()) co_return granted.status();
  const Result<Entry> entry = co_await put(client, key, owner, *granted);
  // Also the entry of a first try whose answer was lost, which the second one finds.
  if (entry.ok() && *entry && (*entry)->lease() == *granted) {
    co_return Attempt{.revision = (*entry)->create_revision()};
  }
  static_cast<void>(co_await revoke(client, *granted));
  if (!entry.ok()) co_return entry.status();
  Attempt attempt;
  if (*entry) attempt.owner = (*entry)->value();
  co_return attempt;
}

Task<Result<bool>> OwnedKeys::renew(std::string key, std::int64_t revision) const {
  const Client client = client_;
  const Result<Entry> entry = co_await look(client, std::move(key));
  if (!entry.ok()) co_return entry.status();
  if (!*entry || (*entry)->create_revision() != revision) co_return false;
  const Result<Duration> left = co_await client->keep_alive((*entry)->lease());
  if (!left.ok()) co_return left.status();
  co_return *left > Duration::zero();
}

Task<Status> OwnedKeys::release(std::string key, std::int64_t revision) const {
  const Client client = client_;
  const Result<Entry> entry = co_await look(client, std::move(key));
  if (!entry.ok()) co_return entry.status();
  if (!*entry || (*entry)->create_revision() != revision) co_return ok_status();
  // The lease's only key.
  co_return co_await revoke(client, (*entry)->lease());
}

Task<Result<std::optional<OwnedKeys::Owner>>> OwnedKeys::find(std::string key) const {
  const Client client = client_;
  const Result<Entry> entry = co_await look(client, std::move(key));
  if (!entry.ok()) co_return entry.status();
  if (!*entry) co_return std::nullopt;
  etcdserverpb::LeaseTimeToLiveRequest request;
  request.set_id((*entry)->lease());
  const Result<etcdserverpb::LeaseTimeToLiveResponse> lease =
      co_await client->call<etcdserverpb::LeaseTimeToLiveResponse>(kLeaseTimeToLive, request);
  if (!lease.ok()) co_return lease.status();
  if (lease->ttl() < 0) co_return std::nullopt;
  co_return Owner{.name = (*entry)->value(),
                  .revision = (*entry)->create_revision(),
                  .left = seconds(lease->ttl())};
}

}  // namespace weft::registry
