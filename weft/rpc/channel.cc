#include "weft/rpc/channel.h"

#include <atomic>
#include <cstdlib>
#include <exception>
#include <string>
#include <utility>

#include "weft/base/log.h"
#include "weft/net/loop_thread.h"
#include "weft/rpc/blocking.h"
#include "weft/rpc/internal/loop_channel.h"
#include "weft/rpc/unary_call.h"

namespace weft {

class Channel::Impl {
 public:
  Impl(std::string target, ChannelOptions options)
      : target_(std::move(target)), options_(std::move(options)) {
    make_tls();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl();

  const std::string& target() const noexcept { return target_; }
  void use(Middleware middleware) { middlewares_.add(std::move(middleware)); }
  Task<Status> serve(Call& call);
  Task<Status> connect(net::Loop& loop);

 private:
  /// One loop's part. Only ever added, by the loop itself, so that looking it up locks nothing.
  struct Part {
    std::shared_ptr<net::LoopAnchor> loop;  // may end before the channel
    std::shared_ptr<rpc::LoopChannel> channel;
    Part* next;
  };
  void make_tls();
  rpc::LoopChannel& part_of(net::Loop& loop);
  void apply_defaults(Call& call) const;

  std::string target_;
  ChannelOptions options_;
  std::shared_ptr<net::TlsClientContext> tls_;
  Status unusable_;  // options that cannot be followed: what every call is told
  MiddlewareChain middlewares_;
  std::atomic<Part*> parts_{nullptr};
};

Channel::Impl::~Impl() {
  for (Part* part = parts_.load(std::memory_order_acquire); part != nullptr;) {
    net::Loop* const here = net::Loop::current();
    if (here != nullptr && here->anchor() == part->loop) {
      part->channel->close();
    } else {
      part->loop->post([channel = std::move(part->channel)] { channel->close(); });
    }
    delete std::exchange(part, part->next);
  }
}

void Channel::Impl::make_tls() {
  if (!options_.tls) return;
  Result<std::shared_ptr<net::TlsClientContext>> made =
      net::TlsClientContext::create(*options_.tls);
  if (made.ok()) {
    tls_ = std::move(*made);
  } else {
    unusable_ = std::move(made).status().with_prefix("ChannelOptions::tls");
  }
}

rpc::LoopChannel& Channel::Impl::part_of(net::Loop& loop) {
  Part* head = parts_.load(std::memory_order_acquire);
  for (Part* part = head; part != nullptr; part = part->next) {
    if (part->loop == loop.anchor()) return *part->channel;
  }
  auto* part = new Part{
      loop.anchor(),
      std::make_shared<rpc::LoopChannel>(loop, target_, options_, tls_, middlewares_), head};
  while (!parts_.compare_exchange_weak(part->next, part, std::memory_order_acq_rel)) {
  }
  return *part->channel;
}

void Channel::Impl::apply_defaults(Call& call) const {
  if (call.max_receive_size() == 0) call.set_max_receive_size(options_.max_receive_size);
  if (options_.max_send_size < call.max_send_size()) call.set_max_send_size(options_.max_send_size);
  if (call.compression() == Compression::Identity) call.set_compression(options_.compression);
  if (options_.default_timeout != kForever && call.started() == TimePoint{}) {
    call.set_started(call.loop().now());
    call.limit_deadline(after(call.started(), options_.default_timeout));
  }
}

Task<Status> Channel::Impl::serve(Call& call) {
  if (!unusable_.ok()) return Status(unusable_);
  Status valid = call.request_metadata().validate();
  if (!valid.ok()) return valid;
  apply_defaults(call);
  return part_of(call.loop()).serve_chain(call);
}

Task<Status> Channel::Impl::connect(net::Loop& loop) {
  if (!unusable_.ok()) return Status(unusable_);
  return part_of(loop).connected();
}

Channel::Channel(std::string target, ChannelOptions options)
    : impl_(std::make_unique<Impl>(std::move(target), std::move(options))) {}
Channel::~Channel() = default;

void Channel::use(Middleware middleware) { impl_->use(std::move(middleware)); }
const std::string& Channel::target() const noexcept { return impl_->target(); }
Task<Status> Channel::serve(Call& call) { return impl_->serve(call); }

Task<Status> Channel::connect() {
  net::Loop* loop = net::Loop::current();
  if (loop == nullptr) co_return rpc::no_loop();
  co_return co_await impl_->connect(*loop);
}

net::Loop& Channel::blocking_loop() {
  const Result<net::Loop*> loop = rpc::find_blocking_loop(*this);
  if (loop.ok()) return **loop;
  log(LogLevel::Error, loop.status().to_string());
  std::abort();
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
