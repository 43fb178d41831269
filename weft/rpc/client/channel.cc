#include "weft/rpc/client/channel.h"

#include <atomic>
#include <exception>
#include <mutex>
#include <string>
#include <utility>

#include "weft/base/fatal.h"
#include "weft/base/fork_mutex.h"
#include "weft/net/loop/close_on_loop.h"
#include "weft/net/loop/loop_thread.h"
#include "weft/rpc/call/internal/observed_call.h"
#include "weft/rpc/client/blocking_call.h"
#include "weft/rpc/client/internal/channel_part.h"
#include "weft/rpc/client/internal/proxy.h"
#include "weft/rpc/client/unary_call.h"
#include "weft/rpc/server/internal/option_rules.h"

namespace weft {

class Channel::Impl {
 public:
  Impl(std::string target, ChannelOptions options)
      : setup_{.target = std::move(target), .options = std::move(options)} {
    unusable_ = check_options();
    if (setup_.options.codec.get() == &protobuf_codec()) setup_.options.codec = nullptr;
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl();

  const std::string& target() const noexcept { return setup_.target; }
  const std::shared_ptr<const Codec>& codec() const noexcept { return setup_.options.codec; }
  void use(Middleware middleware) {
    refuse_late("use");
    setup_.middlewares.add(std::move(middleware));
  }
  void use_per_endpoint(Middleware middleware) {
    refuse_late("use_per_endpoint");
    setup_.per_endpoint.add(std::move(middleware));
  }
  void add(std::shared_ptr<Observer> observer) {
    refuse_late("add");
    setup_.observer = rpc::joined(std::move(setup_.observer), std::move(observer));
  }
  Status set_balancing(BalancingOptions balancing);
  Task<Status> serve(Call& call);
  Task<Status> connect(net::Loop& loop);

 private:
  /// One loop's part. Only ever added, by the loop itself, so that looking it up locks nothing.
  struct Part {
    std::shared_ptr<net::LoopAnchor> loop;  // may end before the channel
    std::shared_ptr<rpc::ChannelPart> channel;
    Part* next;
  };
  Status check_options();
  Status make_tls();
  /// Ends the program where loops use the middlewares already, without a lock.
  void refuse_late(std::string_view function) const;
  rpc::ChannelPart& part_of(net::Loop& loop);
  void apply_defaults(Call& call) const;

  rpc::ChannelSetup setup_;
  Status unusable_;  // options that cannot be followed: what every call is told
  // What set_balancing() was given last, for loops that come later; guarded by the mutex.
  ForkMutex balancing_mutex_;
  std::atomic<Part*> parts_{nullptr};
};

Channel::Impl::~Impl() {
  for (Part* part = parts_.load(std::memory_order_acquire); part != nullptr;) {
    net::close_on_loop(*part->loop, std::move(part->channel));
    delete std::exchange(part, part->next);
  }
}

[[gnu::cold]] Status Channel::Impl::check_options() {
  if (Status status = rpc::validate(setup_.options); !status.ok()) return status;
  if (Status status = setup_.options.balancing.valid(); !status.ok()) {
    return status.with_prefix("ChannelOptions::balancing");
  }
  setup_.transport = setup_.options.transport ? setup_.options.transport
                                              : rpc::find_client_transport(setup_.target);
  Result<std::optional<net::HttpProxy>> proxy = rpc::proxy_for(setup_.target, setup_.options);
  if (!proxy.ok()) return std::move(proxy).status();
  setup_.proxy = *std::move(proxy);
  return make_tls();
}

[[gnu::cold]] Status Channel::Impl::make_tls() {
  if (!setup_.options.tls) return {};
  Result<std::shared_ptr<net::TlsClientContext>> made =
      net::TlsClientContext::create(*setup_.options.tls);
  if (!made.ok()) return std::move(made).status().with_prefix("ChannelOptions::tls");
  setup_.tls = std::move(*made);
  return {};
}

void Channel::Impl::refuse_late(std::string_view function) const {
  if (parts_.load(std::memory_order_acquire) == nullptr) return;
  fatal("Channel::" + std::string(function) +
        " was called after the first call of the channel to " + setup_.target +
        ", which runs without it: call it before");
}

rpc::ChannelPart& Channel::Impl::part_of(net::Loop& loop) {
  Part* head = parts_.load(std::memory_order_acquire);
  for (Part* part = head; part != nullptr; part = part->next) {
    if (part->loop == loop.anchor()) return *part->channel;
  }
  const std::lock_guard lock(balancing_mutex_);
  auto* part = new Part{loop.anchor(), std::make_shared<rpc::ChannelPart>(loop, setup_), head};
  while (!parts_.compare_exchange_weak(part->next, part, std::memory_order_acq_rel)) {
  }
  return *part->channel;
}

Status Channel::Impl::set_balancing(BalancingOptions balancing) {
  Status valid = balancing.valid();
  if (!valid.ok()) return valid;
  if (setup_.transport) {
    return failed_precondition("calls to " + setup_.target +
                               " are not spread by a balancer: its transport does not choose "
                               "among instances");
  }
  const std::lock_guard lock(balancing_mutex_);
  setup_.options.balancing = std::move(balancing);
  for (Part* part = parts_.load(std::memory_order_acquire); part != nullptr; part = part->next) {
    part->loop->post([channel = part->channel, balancing = setup_.options.balancing] {
      channel->set_balancing(balancing);
    });
  }
  return {};
}

void Channel::Impl::apply_defaults(Call& call) const {
  if (call.max_receive_size() == 0) call.set_max_receive_size(setup_.options.max_receive_size);
  if (setup_.options.max_send_size < call.max_send_size())
    call.set_max_send_size(setup_.options.max_send_size);
  if (call.compression() == Compression::Identity) call.set_compression(setup_.options.compression);
  if (setup_.options.default_timeout != kForever && call.started() == TimePoint{}) {
    call.set_started(call.loop().now());
    call.limit_deadline(after(call.started(), setup_.options.default_timeout));
  }
}

Task<Status> Channel::Impl::serve(Call& call) {
  if (!unusable_.ok()) return Status(unusable_);
  apply_defaults(call);
  return part_of(call.loop()).serve_chain(call);
}

Task<Status> Channel::Impl::connect(net::Loop& loop) {
  if (!unusable_.ok()) return Status(unusable_);
  return part_of(loop).connect();
}

Channel::Channel(std::string target, ChannelOptions options)
    : impl_(std::make_unique<Impl>(std::move(target), std::move(options))) {}
Channel::~Channel() = default;

void Channel::use(Middleware middleware) { impl_->use(std::move(middleware)); }
void Channel::use_per_endpoint(Middleware middleware) {
  impl_->use_per_endpoint(std::move(middleware));
}
void Channel::add(std::shared_ptr<Observer> observer) { impl_->add(std::move(observer)); }
Status Channel::set_balancing(BalancingOptions balancing) {
  return impl_->set_balancing(std::move(balancing));
}
const std::string& Channel::target() const noexcept { return impl_->target(); }
Task<Status> Channel::serve(Call& call) { return impl_->serve(call); }
const std::shared_ptr<const Codec>& Channel::codec() const noexcept { return impl_->codec(); }

Task<Status> Channel::connect() {
  net::Loop* loop = net::Loop::current();
  if (loop == nullptr) co_return rpc::no_loop();
  co_return co_await impl_->connect(*loop);
}

net::Loop& Channel::blocking_loop() {
  const Result<net::Loop*> loop = rpc::find_blocking_loop(*this);
  if (loop.ok()) return **loop;
  fatal(loop.status().to_string());
}

Result<net::Loop*> rpc::find_blocking_loop(Channel&) {
  try {
    return &net::default_loops().next();
  } catch (const std::exception& error) {
    return resource_exhausted(
        std::string("cannot start the thread that blocking calls run on: ").append(error.what()));
  }
}

}  // namespace weft
