#include "weft/net/asio_loop.h"

#include <cstdlib>
#include <random>

#include <boost/asio/post.hpp>

#include "weft/base/log.h"
#include "weft/net/asio_await.h"
#include "weft/net/internal/ares_resolver.h"
#include "weft/net/internal/socket_connect.h"
#include "weft/net/internal/socket_listener.h"
#include "weft/net/internal/take_over.h"
#include "weft/net/internal/watchdog.h"
#include "weft/net/memory_stream.h"

namespace weft::net {
namespace {

namespace asio = boost::asio;

std::uint64_t system_seed() {
  std::random_device device;
  return (static_cast<std::uint64_t>(device()) << 32) | device();
}

}  // namespace

/// A handler that may run after the loop has gone: on a program's io_context, which lives longer.
struct AsioLoop::Wake {
  void operator()() const { (*this)(boost::system::error_code()); }
  void operator()(const boost::system::error_code& error) const {
    if (error || anchor->loop() == nullptr) return;
    loop->enter([this] {
      if (action != nullptr) (loop->*action)();
    });
  }
  AsioLoop* loop;
  std::shared_ptr<LoopAnchor> anchor;
  void (AsioLoop::*action)() noexcept;
};

/// The same on a context of the loop's own, which goes first: it needs no anchor, and no memory of
/// its own as long as one of a kind is under way.
struct AsioLoop::OwnWake {
  using allocator_type = internal::HandlerAllocator<std::byte>;
  allocator_type get_allocator() const noexcept { return allocator_type(*memory); }
  void operator()() const { (*this)(boost::system::error_code()); }
  void operator()(const boost::system::error_code& error) const {
    if (error) return;
    loop->enter([this] {
      if (action != nullptr) (loop->*action)();
    });
  }
  AsioLoop* loop;
  internal::HandlerMemory* memory;
  void (AsioLoop::*action)() noexcept;
};

AsioLoop::AsioLoop(asio::io_context* context, bool own, const LoopOptions& options)
    : Loop(system_seed()),
      options_(options),
      own_(own ? context : nullptr),
      context_(*context),
      work_(context->get_executor()),
      timer_(context->get_executor()) {
  if (own && options.handler_bound != kForever) {
    take_over_ = std::make_shared<internal::TakeOver>(*this, options);
    internal::Watchdog::instance().add(take_over_);
  }
}

AsioLoop::AsioLoop(const LoopOptions& options) : AsioLoop(new asio::io_context(1), true, options) {}

AsioLoop::AsioLoop(asio::io_context& context) : AsioLoop(&context, false, {}) {}

AsioLoop::~AsioLoop() {
  if (take_over_ != nullptr) internal::Watchdog::instance().remove(take_over_);
  end();
  // What is discarded may post while it goes.
  do {
    discard_ready();
    Runnable* item = posted_.exchange(nullptr, std::memory_order_acquire);
    while (item != nullptr) discard(*std::exchange(item, item->next));
  } while (posted_.load(std::memory_order_relaxed) != nullptr);
}

TimePoint AsioLoop::now() const noexcept { return std::chrono::steady_clock::now(); }

bool AsioLoop::on_own_thread() const noexcept {
  // With a context of its own coroutines run outside of Asio.
  return own_ != nullptr ? identity() == this : context_.get_executor().running_in_this_thread();
}

void AsioLoop::resume(Runnable& item) noexcept {
  if (!on_own_thread()) return post(item);
  const Turn turn(*this);
  ready(item);
}

void AsioLoop::post(Runnable& item) noexcept {
  if (identity() == this && defer_post(item)) return;
  Runnable* newest = posted_.load(std::memory_order_relaxed);
  do {
    item.next = newest;
  } while (!posted_.compare_exchange_weak(newest, &item, std::memory_order_acq_rel,
                                          std::memory_order_relaxed));
  // Only who finds the stack empty wakes the loop; the others ride along.
  if (newest != nullptr) return;
  if (own_ != nullptr) {
    asio::post(context_, OwnWake{this, &posted_memory_, &AsioLoop::take_posted});
  } else {
    asio::post(context_, Wake{this, anchor(), &AsioLoop::take_posted});
  }
}

void AsioLoop::take_posted() noexcept {
  // Also releases posted_memory_ to who posts next.
  Runnable* newest = posted_.exchange(nullptr, std::memory_order_acq_rel);
  Runnable* oldest = nullptr;
  while (newest != nullptr) {
    Runnable* item = std::exchange(newest, newest->next);
    item->next = std::exchange(oldest, item);
  }
  while (oldest != nullptr) ready(*std::exchange(oldest, oldest->next));
}

void AsioLoop::run() {
  Executor* const outer = std::exchange(current_, this);
  if (own_ == nullptr) {
    context_.run();
  } else {
    if (take_over_ != nullptr) take_over_->begin();
    while (take_turn()) {
      if (take_over_ != nullptr) take_over_->give_way();
    }
    if (take_over_ != nullptr) take_over_->wait_for_all();
    own_->restart();
  }
  current_ = outer;
}

bool AsioLoop::take_turn() {
  const Turn turn(*this, take_over_ != nullptr ? Turn::Place::AtTop : Turn::Place::InEvent);
  return run_one_event();
}

/// Runs one handler of Asio's, and waits for it if there is none; the coroutines that it makes
/// ready run after it, outside of Asio, so that another thread can go on from there.
bool AsioLoop::run_one_event() {
  if (options_.poll_spin <= Duration::zero()) return own_->run_one() != 0;
  while (own_->poll_one() == 0) {
    if (own_->stopped()) return false;
    if (now() < spin_until_) continue;
    if (own_->run_one() == 0) return false;
    break;
  }
  spin_until_ = after(now(), options_.poll_spin);
  return true;
}

void AsioLoop::rejoin() noexcept {
  take_over_->rejoin();
  resume_turn();
}

void AsioLoop::user_code_begins() noexcept { internal::Watchdog::wake_if_asleep(); }

void AsioLoop::stop() noexcept {
  if (own_ != nullptr) {
    own_->stop();
  } else {
    post([this] { work_.reset(); });
  }
}

void AsioLoop::request_turn() noexcept {
  if (own_ != nullptr) {
    asio::post(context_, OwnWake{this, &turn_memory_, nullptr});
  } else {
    asio::post(context_, Wake{this, anchor(), nullptr});
  }
}

void AsioLoop::rearm(TimePoint when) noexcept {
  timer_.expires_at(when);
  if (own_ != nullptr) {
    timer_.async_wait(OwnWake{this, &timer_memory_, &AsioLoop::run_timers});
  } else {
    timer_.async_wait(Wake{this, anchor(), &AsioLoop::run_timers});
  }
}

void AsioLoop::run_timers() noexcept { expire_timers(now()); }

Result<std::unique_ptr<Listener>> AsioLoop::listen(const Address& address,
                                                   const ListenOptions& options,
                                                   AcceptHandler handler) {
  leave_user_code();
  if (address.family() == Address::Family::Memory) {
    return memory_listen(*this, address, std::move(handler));
  }
  return internal::listen_on_socket(*this, address, options, std::move(handler));
}

Task<Result<std::unique_ptr<Stream>>> AsioLoop::connect(Address address) {
  leave_user_code();
  if (address.family() == Address::Family::Memory) return memory_connect(*this, address);
  return internal::connect_socket(*this, std::move(address));
}

Task<Result<DnsAnswer>> AsioLoop::look_up(DnsQuestion question) {
  leave_user_code();
  const Result<internal::AresResolver*> asked = resolver(question.servers);
  if (!asked) return asked.status();
  return internal::look_up_name(**asked, std::move(question));
}

Result<internal::AresResolver*> AsioLoop::resolver(const std::string& servers) {
  const auto known = resolvers_.find(servers);
  if (known != resolvers_.end()) return known->second.get();
  auto made = std::make_unique<internal::AresResolver>(*this);
  if (!servers.empty()) {
    if (Status status = made->set_servers(servers); !status.ok()) return status;
  }
  return resolvers_.emplace(servers, std::move(made)).first->second.get();
}

AsioLoop& internal::current_asio_loop() noexcept {
  auto* loop = dynamic_cast<AsioLoop*>(Loop::current());
  if (loop == nullptr) {
    log(LogLevel::Error, "an Asio operation was awaited on a thread that runs no AsioLoop");
    std::abort();
  }
  return *loop;
}

Status AsioLoop::set_name_servers(std::string_view servers) {
  const Result<internal::AresResolver*> own = resolver({});
  return own ? (*own)->set_servers(servers) : own.status();
}

}  // namespace weft::net
