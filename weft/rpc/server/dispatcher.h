#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "weft/base/status.h"
#include "weft/codec/compression.h"
#include "weft/rpc/call/observer.h"
#include "weft/rpc/call/propagation.h"
#include "weft/rpc/call/service.h"
#include "weft/rpc/server/codec_table.h"

namespace weft {
class Server;
}

namespace weft::rpc {

class ServerCall;

/// The method and service of a path.
struct Route {
  ServiceDefinition* service;
  std::size_t index;
  const MethodDescriptor* method;
  /// ServiceDefinition::vital().
  bool vital = false;
  /// ServiceDefinition::max_request_size().
  std::size_t max_request_size = SIZE_MAX;
};

/// What the server's options say of the calls of every transport.
struct CallRules {
  std::size_t max_receive_size = std::size_t{4} * 1024 * 1024;
  std::size_t max_send_size = SIZE_MAX;
  std::size_t max_metadata_size = std::size_t{16} * 1024;
  std::size_t max_decompression_ratio = 0;  ///< 0: none
  CompressionSet accepted = CompressionSet::all();
  PropagationOptions propagation{};
};

/// Serves the calls of every transport of a server: middlewares, then the method of the path or the
/// fallback, exceptions turned into a Status. It knows no transport.
///
/// Set up by Server before its transports start, then only read, on every loop at the same time.
class Dispatcher final : public Service {
 public:
  Dispatcher() = default;
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  /// Serves a call that a transport has made: of Call::Side::Server, with requests() and
  /// responses(), and with a peer. On its loop, which is one of the server's. The task does not
  /// throw. RESOURCE_EXHAUSTED while ServerOptions::max_calls are served, UNIMPLEMENTED for an
  /// unknown path.
  Task<Status> serve(Call& call) override { return serve_counted(call, Counts::Here); }

  /// As serve(), for a call that is made of an HTTP request: the request counts already.
  Task<Status> serve_request(Call& call) { return serve_counted(call, Counts::Already); }

  /// What a transport observes before it makes a call, and while it moves messages.
  const CallRules& rules() const noexcept { return rules_; }
  /// Null where no service has the path.
  const Route* find(std::string_view path) const noexcept {
    const auto found = routes_.find(path);
    return found == routes_.end() ? nullptr : &found->second;
  }
  /// The formats of messages that are served beside protobuf.
  const CodecTable& codecs() const noexcept { return codecs_; }
  /// Whether calls of other paths are served too (Server::fallback()).
  bool has_fallback() const noexcept { return fallback_ != nullptr; }
  /// The services that were added and those that every server offers.
  std::span<const ServiceDescriptor* const> services() const noexcept { return descriptors_; }
  /// Calls that serve() serves now; from any thread.
  std::size_t active_calls() const noexcept { return active_.load(std::memory_order_relaxed); }

  /// Sees the calls of all transports; null: none. serve() reports the calls that it serves.
  Observer* observer() const noexcept { return observer_.get(); }

  // For transports of weft's own, which do not call serve(): calls of all transports are counted
  // together, where ServerOptions::max_calls limits them.
  /// The limit of calls is reached.
  bool full() const noexcept {
    return limited_calls_.load(std::memory_order_relaxed) >= max_calls_;
  }
  void call_began() noexcept {
    if (max_calls_ != SIZE_MAX) limited_calls_.fetch_add(1, std::memory_order_relaxed);
  }
  void call_ended() noexcept {
    if (max_calls_ != SIZE_MAX) limited_calls_.fetch_sub(1, std::memory_order_relaxed);
  }
  /// The status of a call beyond that limit.
  Status too_many_calls() const;

 private:
  friend class weft::Server;
  friend class ServerCall;
  friend class LocalCall;

  /// The end of the middlewares' chain.
  struct Handlers final : Service {
    explicit Handlers(Dispatcher& of) noexcept : dispatcher(of) {}
    Task<Status> serve(Call& call) override { return dispatcher.handle(call); }
    Dispatcher& dispatcher;
  };

  enum class Counts : std::uint8_t { Here, Already };
  class Active;

  /// ALREADY_EXISTS when a service of that name is there.
  Status add(std::shared_ptr<ServiceDefinition> service);
  void clear_services() noexcept;
  /// As serve(), without its count, and what a middleware throws is the task's. It costs no
  /// coroutine of its own.
  Task<Status> run(Call& call) { return middlewares_.serve(call, handlers_); }
  Task<Status> handle(Call& call);
  Task<Status> run_observed(Call& call);
  Task<Status> serve_counted(Call& call, Counts counts);
  Status refuse(const Call& call) const;
  Status not_found(std::string_view path) const;

  MiddlewareChain middlewares_;
  std::shared_ptr<Observer> observer_;
  std::shared_ptr<Service> fallback_;
  CodecTable codecs_;
  std::vector<std::shared_ptr<ServiceDefinition>> services_;
  std::vector<const ServiceDescriptor*> descriptors_;
  // Keys are the descriptors' paths, which are static.
  std::unordered_map<std::string_view, Route> routes_;
  std::size_t max_calls_ = SIZE_MAX;
  std::atomic<std::size_t> limited_calls_{0};  // of all transports; counted only with a limit
  std::atomic<std::size_t> active_{0};
  Handlers handlers_{*this};
  CallRules rules_;
};

}  // namespace weft::rpc
