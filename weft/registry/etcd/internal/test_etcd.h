#pragma once

// What the client needs of etcd, by the same protos, on hosts of a simulated network.

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "weft/net/sim/sim_loop.h"
#include "weft/registry/etcd/internal/etcd_transactions.h"
#include "weft/registry/etcd/internal/etcd_wire.h"
#include "weft/rpc/server/handler.h"
#include "weft/rpc/server/server.h"
#include "weft/testing/run.h"

namespace weft::registry::test {

/// The data of a cluster, which its members share.
struct EtcdData {
  struct Change {
    std::int64_t revision = 0;
    mvccpb::Event event;
  };
  /// Keys as of a revision.
  using Keys = std::map<std::string, mvccpb::KeyValue>;

  void put(const std::string& key, const std::string& value, std::int64_t lease = 0) {
    mvccpb::Event event;
    mvccpb::KeyValue& pair = *event.mutable_kv();
    pair.set_key(key);
    pair.set_value(value);
    pair.set_lease(lease);
    const Keys keys = at(revision);
    const auto before = keys.find(key);
    pair.set_create_revision(before == keys.end() ? revision + 1
                                                  : before->second.create_revision());
    change(std::move(event));
  }
  void remove(const std::string& key) {
    mvccpb::Event event;
    event.set_type(mvccpb::Event::DELETE);
    event.mutable_kv()->set_key(key);
    change(std::move(event));
  }
  void drop_lease(std::int64_t lease) {
    leases.erase(lease);
    std::vector<std::string> keys;
    for (const auto& [key, pair] : at(revision)) {
      if (pair.lease() == lease) keys.push_back(key);
    }
    for (const std::string& key : keys) remove(key);
  }
  Keys at(std::int64_t when) const {
    Keys keys;
    for (const Change& made : history) {
      if (made.revision > when) break;
      const mvccpb::KeyValue& pair = made.event.kv();
      if (made.event.type() == mvccpb::Event::DELETE) {
        keys.erase(pair.key());
      } else {
        keys[pair.key()] = pair;
      }
    }
    return keys;
  }
  void change(mvccpb::Event event) {
    event.mutable_kv()->set_mod_revision(++revision);
    history.push_back({.revision = revision, .event = std::move(event)});
  }
  /// As a directory that was emptied: the cluster's id stays.
  void lose() {
    history.clear();
    leases.clear();
    revision = 1;
    compacted = 0;
  }

  std::uint64_t cluster_id = 7;
  std::int64_t revision = 1;
  std::int64_t compacted = 0;
  std::vector<Change> history;
  std::map<std::int64_t, std::int64_t> leases;  // to their seconds
  std::int64_t last_lease = 100;
};

/// What the members were asked, and how they behave.
struct EtcdScript {
  int ranges = 0;                     ///< of more than one key
  int checks = 0;                     ///< of one key
  std::vector<std::int64_t> watches;  ///< from which revision
  int keep_alives = 0;
  int logins = 0;
  std::string token{};          ///< without it calls are refused
  bool silent_watches = false;  ///< no answer at all
  bool fragments = false;       ///< each event is a part of its own
  std::int64_t page = 0;        ///< the most keys in a page
  int lost_answers = 0;         ///< of transactions: they are carried out, and UNAVAILABLE
  Duration transaction{};       ///< how long one takes after it is carried out
};

/// A service with one method more, whose messages rpc.proto does not have.
class OneMore {
 public:
  OneMore(const ServiceDescriptor& of, const MethodDescriptor& more)
      : methods_(of.methods.begin(), of.methods.end()), service_(of) {
    methods_.push_back(more);
    service_.methods = methods_;
  }
  OneMore(const OneMore&) = delete;
  OneMore& operator=(const OneMore&) = delete;
  const ServiceDescriptor& service() const noexcept { return service_; }
  bool is_more(std::size_t method) const noexcept { return method + 1 == methods_.size(); }

 private:
  std::vector<MethodDescriptor> methods_;
  ServiceDescriptor service_;
};

class FakeKv final : public etcdserverpb::KVService {
 public:
  FakeKv(EtcdData& data, EtcdScript& script) : data_(data), script_(script) {}

  const ServiceDescriptor& descriptor() const noexcept override { return methods_.service(); }
  Task<Status> serve(std::size_t method, Call& call) override {
    if (methods_.is_more(method)) return rpc::serve_unary<&FakeKv::Txn>(call, *this);
    return KVService::serve(method, call);
  }

  Task<Result<etcdserverpb::RangeResponse>> Range(
      ServerContext& context, const etcdserverpb::RangeRequest& request) override {
    if (!script_.token.empty() && context.metadata().get("token") != script_.token) {
      co_return unauthenticated("etcdserver: invalid auth token");
    }
    (request.range_end().empty() ? script_.checks : script_.ranges) += 1;
    const std::int64_t when = request.revision() == 0 ? data_.revision : request.revision();
    if (when < data_.compacted) {
      co_return out_of_range("etcdserver: mvcc: required revision has been compacted");
    }
    if (when > data_.revision) {
      co_return out_of_range("etcdserver: mvcc: required revision is a future revision");
    }
    etcdserverpb::RangeResponse response;
    response.mutable_header()->set_cluster_id(data_.cluster_id);
    response.mutable_header()->set_revision(data_.revision);
    for (const auto& [key, pair] : data_.at(when)) {
      const bool in = request.range_end().empty()
                          ? key == request.key()
                          : key >= request.key() && key < request.range_end();
      if (!in) continue;
      if (script_.page != 0 && response.kvs_size() == script_.page) {
        response.set_more(true);
        break;
      }
      *response.add_kvs() = pair;
    }
    co_return response;
  }

  Task<Result<etcdserverpb::PutResponse>> Put(ServerContext&,
                                              const etcdserverpb::PutRequest& request) override {
    if (request.lease() != 0 && !data_.leases.contains(request.lease())) {
      co_return not_found("etcdserver: requested lease not found");
    }
    data_.put(request.key(), request.value(), request.lease());
    co_return etcdserverpb::PutResponse();
  }

  /// One comparison with a create revision, one put or else one range, as OwnedKeys asks.
  Task<Result<etcdserverpb::TxnResponse>> Txn(ServerContext&,
                                              const etcdserverpb::TxnRequest& request) {
    const etcdserverpb::Compare& compare = request.compare(0);
    const EtcdData::Keys keys = data_.at(data_.revision);
    const auto there = keys.find(compare.key());
    etcdserverpb::TxnResponse response;
    response.set_succeeded(there == keys.end() && compare.create_revision() == 0);
    if (response.succeeded()) {
      const etcdserverpb::PutRequest& put = request.success(0).request_put();
      if (!data_.leases.contains(put.lease())) {
        co_return not_found("etcdserver: requested lease not found");
      }
      data_.put(put.key(), put.value(), put.lease());
    } else {
      *response.add_responses()->mutable_response_range()->add_kvs() = there->second;
    }
    response.mutable_header()->set_revision(data_.revision);
    const Status waited = co_await net::sleep(script_.transaction);
    if (!waited.ok()) co_return waited;
    if (script_.lost_answers > 0) {
      --script_.lost_answers;
      co_return unavailable("etcdserver: the answer was lost");
    }
    co_return response;
  }

 private:
  EtcdData& data_;
  EtcdScript& script_;
  OneMore methods_{KVService::descriptor(), kTxn};
};

// Watches look at the data, which several loops share, so often.
inline constexpr Duration kWatchInterval = std::chrono::milliseconds(50);

class FakeWatch final : public etcdserverpb::WatchService {
 public:
  FakeWatch(EtcdData& data, EtcdScript& script) : data_(data), script_(script) {}

  Task<Status> Watch(ServerContext&, Reader<etcdserverpb::WatchRequest>& reader,
                     Writer<etcdserverpb::WatchResponse>& writer) override {
    const std::optional<etcdserverpb::WatchRequest> request = co_await reader.read();
    if (!request) co_return ok_status();
    std::int64_t next = request->create_request().start_revision();
    script_.watches.push_back(next);
    etcdserverpb::WatchResponse created = response();
    created.set_created(true);
    while (script_.silent_watches) {
      const Status status = co_await net::sleep(kWatchInterval);
      if (!status.ok()) co_return status;
    }
    if (!co_await writer.write(created)) co_return ok_status();
    for (;;) {
      if (next <= data_.compacted) {
        etcdserverpb::WatchResponse refused = response();
        refused.set_canceled(true);
        refused.set_compact_revision(data_.compacted);
        static_cast<void>(co_await writer.write(refused));
        co_return ok_status();
      }
      const bool told = co_await tell(request->create_request(), next, writer);
      if (!told) co_return ok_status();
      next = std::max(next, data_.revision + 1);
      const Status status = co_await net::sleep(kWatchInterval);
      if (!status.ok()) co_return status;
    }
  }

 private:
  etcdserverpb::WatchResponse response() const {
    etcdserverpb::WatchResponse response;
    response.mutable_header()->set_cluster_id(data_.cluster_id);
    response.mutable_header()->set_revision(data_.revision);
    return response;
  }
  Task<bool> tell(const etcdserverpb::WatchCreateRequest& watch, std::int64_t from,
                  Writer<etcdserverpb::WatchResponse>& writer) {
    std::vector<mvccpb::Event> events;
    for (const EtcdData::Change& made : data_.history) {
      const std::string& key = made.event.kv().key();
      if (made.revision >= from && key >= watch.key() && key < watch.range_end()) {
        events.push_back(made.event);
      }
    }
    if (events.empty()) co_return true;
    etcdserverpb::WatchResponse whole = response();
    for (std::size_t i = 0; i < events.size(); ++i) {
      *whole.add_events() = events[i];
      const bool last = i + 1 == events.size();
      if (!last && !script_.fragments) continue;
      whole.set_fragment(!last);
      const bool written = co_await writer.write(whole);
      if (!written) co_return false;
      whole.clear_events();
    }
    co_return true;
  }

  EtcdData& data_;
  EtcdScript& script_;
};

class FakeLease final : public etcdserverpb::LeaseService {
 public:
  FakeLease(EtcdData& data, EtcdScript& script) : data_(data), script_(script) {}

  const ServiceDescriptor& descriptor() const noexcept override { return methods_.service(); }
  Task<Status> serve(std::size_t method, Call& call) override {
    if (methods_.is_more(method)) return rpc::serve_unary<&FakeLease::LeaseTimeToLive>(call, *this);
    return LeaseService::serve(method, call);
  }

  Task<Result<etcdserverpb::LeaseGrantResponse>> LeaseGrant(
      ServerContext&, const etcdserverpb::LeaseGrantRequest& request) override {
    data_.leases[++data_.last_lease] = request.ttl();
    etcdserverpb::LeaseGrantResponse response;
    response.set_id(data_.last_lease);
    response.set_ttl(request.ttl());
    co_return response;
  }
  Task<Result<etcdserverpb::LeaseRevokeResponse>> LeaseRevoke(
      ServerContext&, const etcdserverpb::LeaseRevokeRequest& request) override {
    if (!data_.leases.contains(request.id())) {
      co_return not_found("etcdserver: requested lease not found");
    }
    data_.drop_lease(request.id());
    co_return etcdserverpb::LeaseRevokeResponse();
  }
  Task<Result<etcdserverpb::LeaseTimeToLiveResponse>> LeaseTimeToLive(
      ServerContext&, const etcdserverpb::LeaseTimeToLiveRequest& request) {
    etcdserverpb::LeaseTimeToLiveResponse response;
    const auto lease = data_.leases.find(request.id());
    response.set_ttl(lease == data_.leases.end() ? -1 : lease->second);
    co_return response;
  }
  Task<Status> LeaseKeepAlive(ServerContext&, Reader<etcdserverpb::LeaseKeepAliveRequest>& reader,
                              Writer<etcdserverpb::LeaseKeepAliveResponse>& writer) override {
    for (;;) {
      const std::optional<etcdserverpb::LeaseKeepAliveRequest> request = co_await reader.read();
      if (!request) co_return ok_status();
      ++script_.keep_alives;
      etcdserverpb::LeaseKeepAliveResponse response;
      response.set_id(request->id());
      const auto lease = data_.leases.find(request->id());
      response.set_ttl(lease == data_.leases.end() ? 0 : lease->second);
      if (!co_await writer.write(response)) co_return ok_status();
    }
  }

 private:
  EtcdData& data_;
  EtcdScript& script_;
  OneMore methods_{LeaseService::descriptor(), kLeaseTimeToLive};
};

class FakeAuth final : public etcdserverpb::AuthService {
 public:
  explicit FakeAuth(EtcdScript& script) : script_(script) {}
  Task<Result<etcdserverpb::AuthenticateResponse>> Authenticate(
      ServerContext&, const etcdserverpb::AuthenticateRequest& request) override {
    ++script_.logins;
    if (request.name() != "me" || request.password() != "secret") {
      co_return invalid_argument("etcdserver: authentication failed, invalid user ID or password");
    }
    etcdserverpb::AuthenticateResponse response;
    response.set_token(script_.token);
    co_return response;
  }

 private:
  EtcdScript& script_;
};

/// A cluster on the hosts "etcd0", "etcd1", ... of a network.
class SimEtcd {
 public:
  SimEtcd(net::SimNetwork& network, int members) : network_(network) {
    servers_.resize(static_cast<std::size_t>(members));
    for (int i = 0; i < members; ++i) start(i);
  }
  SimEtcd(const SimEtcd&) = delete;
  SimEtcd& operator=(const SimEtcd&) = delete;
  ~SimEtcd() {
    for (int i = 0; i < static_cast<int>(servers_.size()); ++i) kill(i);
    network_.run_for(std::chrono::seconds(1));
  }

  void start(int member) {
    ServerOptions options;
    options.listen = ":2379";
    options.loops = {&host(member)};
    auto& server = servers_[static_cast<std::size_t>(member)];
    server = std::make_unique<Server>(std::move(options));
    server->add<FakeKv>(data, script);
    server->add<FakeWatch>(data, script);
    server->add<FakeLease>(data, script);
    server->add<FakeAuth>(script);
    network_.set_down(host(member).name(), false);
    const Status status = server->start();
    if (!status.ok()) throw std::runtime_error(status.to_string());
  }
  void kill(int member) {
    network_.set_down(host(member).name(), true);
    servers_[static_cast<std::size_t>(member)].reset();
    network_.run_for(std::chrono::milliseconds(1));  // its listener goes in a turn of its loop
  }
  net::SimLoop& host(int member) { return network_.host("etcd" + std::to_string(member)); }
  /// The members' part of a target.
  std::string hosts() const {
    std::string hosts;
    for (std::size_t i = 0; i < servers_.size(); ++i) {
      hosts += (i == 0 ? "etcd" : ",etcd") + std::to_string(i) + ":2379";
    }
    return hosts;
  }
  EtcdData data;
  EtcdScript script;

 private:
  net::SimNetwork& network_;
  std::vector<std::unique_ptr<Server>> servers_;
};

}  // namespace weft::registry::test
