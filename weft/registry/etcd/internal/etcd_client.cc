#include "weft/registry/etcd/internal/etcd_client.h"

#include <optional>

#include "weft/registry/internal/said_by.h"
#include "weft/registry/internal/stream_limit.h"

namespace weft::registry {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A member that was restarted is to be found again within seconds. etcd takes a client that pings
// more often than every five seconds for an attack.
ChannelOptions channel_options(const EtcdTarget& target) {
  ChannelOptions options;
  options.tls = target.tls;
  options.initial_backoff = milliseconds(200);
  options.max_backoff = seconds(5);
  options.connect_timeout = seconds(3);
  options.keepalive_time = seconds(10);
  options.keepalive_timeout = seconds(5);
  return options;
}

/// Whether another member may do better, or the same one after logging in again.
bool may_pass(const Status& status) noexcept {
  switch (status.code()) {
    case StatusCode::Unavailable:
    case StatusCode::DeadlineExceeded:
    case StatusCode::Unauthenticated:
    case StatusCode::Unknown:
    case StatusCode::Internal:
    case StatusCode::Aborted:
    case StatusCode::ResourceExhausted:
      return true;
    default:
      return false;
  }
}

}  // namespace

EtcdClient::EtcdClient(net::Loop& loop, EtcdTarget target)
    : loop_(loop), target_(std::move(target)) {
  for (const std::string& member : target_.members) {
    members_.push_back(std::make_unique<Channel>(member, channel_options(target_)));
  }
  // Watches are to be spread over the members.
  current_ = static_cast<std::size_t>(loop.rng().below(members_.size()));
  // A member that has lost the others then ends a watch instead of keeping silent.
  metadata_.add("hasleader", "true");
}

Service& EtcdClient::channel() { return *members_[current_]; }

bool EtcdClient::failed(Status& why) {
  why = said_by("etcd", target_.members[current_], why);
  if (!may_pass(why)) return false;
  if (why.code() == StatusCode::Unauthenticated && logged_in_) {
    // The token may have expired.
    logged_in_ = false;
    metadata_.remove("token");
  }
  current_ = (current_ + 1) % members_.size();
  return true;
}

Task<Status> EtcdClient::log_in() {
  if (target_.user.empty() || logged_in_) co_return ok_status();
  etcdserverpb::AuthenticateRequest request;
  request.set_name(target_.user);
  request.set_password(target_.password);
  const etcdserverpb::AuthClient client(channel());
  const CallOptions options{.timeout = kAnswerTime};
  const Result<etcdserverpb::AuthenticateResponse> response =
      co_await client.Authenticate(request, options);
  if (!response.ok()) {
    co_return response.status().with_prefix("logging in as '" + target_.user + "'");
  }
  metadata_.remove("token");
  metadata_.add("token", response->token());
  logged_in_ = true;
  co_return ok_status();
}

Task<Result<Duration>> EtcdClient::keep_alive(std::int64_t lease) {
  Status failure;
  for (std::size_t tried = 0; tried < members_.size(); ++tried) {
    failure = co_await log_in();
    if (failure.ok()) {
      Result<Duration> left = co_await keep_alive_once(lease);
      if (left.ok()) co_return left;
      failure = std::move(left).status();
    }
    if (!failed(failure)) break;
  }
  co_return failure;
}

/// One request on a stream of its own: it fails over as a unary call does, and a member that no
/// longer answers is noticed. A stream that stays open would save a few hundred bytes every few
/// seconds.
Task<Result<Duration>> EtcdClient::keep_alive_once(std::int64_t lease) {
  etcdserverpb::LeaseKeepAliveRequest request;
  request.set_id(lease);
  const etcdserverpb::LeaseClient client(channel());
  auto stream = co_await client.LeaseKeepAlive(stream_options());
  StreamLimit limit(loop_, stream, kAnswerTime);
  const WriteOptions last{.last = true};
  static_cast<void>(co_await stream.write(request, last));
  const std::optional<etcdserverpb::LeaseKeepAliveResponse> response = co_await stream.read();
  if (response) co_return Duration(seconds(response->ttl()));
  const Status status = co_await stream.finish();
  co_return limit.explain(status.ok() ? unavailable("it ended the stream without an answer")
                                      : status);
}

std::string end_of_prefix(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
  if (prefix.empty()) return std::string(1, '\0');  // all keys, says etcd
  prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

}  // namespace weft::registry
