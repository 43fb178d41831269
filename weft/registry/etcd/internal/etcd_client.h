#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weft/base/result.h"
#include "weft/net/loop/loop.h"
#include "weft/registry/etcd/internal/etcd_target.h"
#include "weft/registry/etcd/internal/etcd_wire.h"
#include "weft/rpc/call/metadata.h"
#include "weft/rpc/client/channel.h"
#include "weft/rpc/client/unary_call.h"

namespace weft::registry {

/// The members of an etcd cluster, of which one is in use until it fails. Belongs to one loop; must
/// outlive its calls.
class EtcdClient {
 public:
  /// How long a member may take for an answer.
  static constexpr Duration kAnswerTime = std::chrono::seconds(5);

  EtcdClient(net::Loop& loop, EtcdTarget target);
  EtcdClient(const EtcdClient&) = delete;
  EtcdClient& operator=(const EtcdClient&) = delete;

  const EtcdTarget& target() const noexcept { return target_; }
  net::Loop& loop() const noexcept { return loop_; }
  std::size_t members() const noexcept { return members_.size(); }

  /// A unary call: on the member in use, and where that fails on each of the others in turn. For
  /// requests that may be carried out twice. The error is the last member's and names it.
  template <class Client, class Request, class Response>
  Task<Result<Response>> call(Task<Result<Response>> (Client::*method)(const Request&,
                                                                       const CallOptions&) const,
                              const Request& request) {
    return on_members<Response>([method, &request](Service& member, const CallOptions& options) {
      return (Client(member).*method)(request, options);
    });
  }
  /// As above, for a method that is in no service of weft's copy.
  template <class Response, class Request>
  Task<Result<Response>> call(const MethodDescriptor& method, const Request& request) {
    return on_members<Response>([&method, &request](Service& member, const CallOptions& options) {
      return rpc::call_unary<Response>(member, method, request, options);
    });
  }

  /// For streams: the member in use, and what goes along with calls. After log_in().
  Service& channel();
  CallOptions stream_options() const noexcept { return {.metadata = &metadata_}; }
  /// Gets a token where the target has a user and there is none yet.
  Task<Status> log_in();
  /// The member in use has failed with `why`, to which its name is added. Goes on to the next where
  /// that may do better, and says whether it may.
  bool failed(Status& why);

  /// Makes the lease last its whole time again, which is returned; zero where there is no such
  /// lease.
  Task<Result<Duration>> keep_alive(std::int64_t lease);

 private:
  template <class Response, class Attempt>
  Task<Result<Response>> on_members(Attempt attempt) {
    Status failure;
    for (std::size_t tried = 0; tried < members_.size(); ++tried) {
      failure = co_await log_in();
      if (failure.ok()) {
        const CallOptions options{.timeout = kAnswerTime, .metadata = &metadata_};
        Task<Result<Response>> task = attempt(channel(), options);
        Result<Response> response = co_await std::move(task);
        if (response.ok()) co_return response;
        failure = std::move(response).status();
      }
      if (!failed(failure)) break;
    }
    co_return failure;
  }
  Task<Result<Duration>> keep_alive_once(std::int64_t lease);

  net::Loop& loop_;
  const EtcdTarget target_;
  std::vector<std::unique_ptr<Channel>> members_;
  std::size_t current_;
  Metadata metadata_;
  bool logged_in_ = false;
};

/// The first key behind all that begin with `prefix`: what etcd wants as a range's end.
std::string end_of_prefix(std::string prefix);

}  // namespace weft::registry
