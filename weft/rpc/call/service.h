#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "weft/coro/task.h"
#include "weft/rpc/call/call.h"
#include "weft/rpc/call/method.h"

namespace weft {

/// Turns a Call into its final Status. Handlers, transports, retries, balancers and connections are
/// all Services. A server's are called from every one of its loops.
class Service {
 public:
  virtual ~Service() = default;
  virtual Task<Status> serve(Call& call) = 0;
  /// On a client: the format in which stubs write the messages of calls that choose none
  /// (CallOptions::codec); null: protobuf. A Service in front of a channel returns the channel's.
  virtual const std::shared_ptr<const Codec>& codec() const noexcept;
};

class MiddlewareChain;

/// The rest of the chain after a middleware; calling it again is what retry and hedging do.
class Next {
 public:
  /// A plain function: forwarding costs no coroutine frame.
  Task<Status> operator()(Call& call) const;

 private:
  friend class MiddlewareChain;
  Next(const MiddlewareChain& chain, std::size_t index, Service& terminal) noexcept
      : chain_(&chain), index_(index), terminal_(&terminal) {}
  const MiddlewareChain* chain_;
  std::size_t index_;
  Service* terminal_;
};

template <class F>
concept MiddlewareFunction =
    std::is_invocable_r_v<Task<Status>, const std::decay_t<F>&, Call&, Next>;

/// Brackets calls: any callable `Task<Status>(Call&, Next) const`. The coroutine lives as long as
/// the call, so it holds its objects to the last byte. One object serves every loop at the same
/// time, so shared state in it must be thread-safe. Copies share the object.
class Middleware {
 public:
  template <MiddlewareFunction F>
    requires(!std::same_as<std::decay_t<F>, Middleware>)
  Middleware(F&& function)
      : target_(std::make_shared<Holder<std::decay_t<F>>>(std::forward<F>(function))) {}

  Task<Status> operator()(Call& call, Next next) const { return target_->invoke(call, next); }

 private:
  struct Target {
    virtual ~Target() = default;
    virtual Task<Status> invoke(Call& call, Next next) const = 0;
  };
  template <class F>
  struct Holder final : Target {
    explicit Holder(F function) : function_(std::move(function)) {}
    Task<Status> invoke(Call& call, Next next) const override { return function_(call, next); }
    F function_;
  };
  std::shared_ptr<const Target> target_;
};

/// Middlewares in order, the first outermost. Not changed while calls run.
class MiddlewareChain {
 public:
  void add(Middleware middleware);
  bool empty() const noexcept { return middlewares_.empty(); }
  /// Runs the call through all of them, then `terminal`.
  Task<Status> serve(Call& call, Service& terminal) const { return Next(*this, 0, terminal)(call); }

 private:
  friend class Next;
  std::vector<Middleware> middlewares_;
};

inline Task<Status> Next::operator()(Call& call) const {
  if (index_ == chain_->middlewares_.size()) return terminal_->serve(call);
  return chain_->middlewares_[index_](call, Next(*chain_, index_ + 1, *terminal_));
}

/// A service as its .proto defines it: generated base classes derive from this, and user code from
/// those. One object serves every loop of a server at the same time.
class ServiceDefinition {
 public:
  virtual ~ServiceDefinition() = default;
  virtual const ServiceDescriptor& descriptor() const noexcept = 0;
  /// Serves a call of `descriptor().methods[method]`.
  virtual Task<Status> serve(std::size_t method, Call& call) = 0;
  /// Largest request in bytes, where the server would allow more (ServerOptions::max_receive_size).
  /// Asked once, when the server starts.
  virtual std::size_t max_request_size() const noexcept { return SIZE_MAX; }
  /// Its calls are served even while the server is overloaded, as health checks and reflection are.
  /// Asked once, when the server starts.
  virtual bool vital() const noexcept { return false; }
  /// The server has begun to stop: endless calls, such as watches, have to end. Once, on the thread
  /// of the server's first loop.
  virtual void on_drain() noexcept {}
};

}  // namespace weft
