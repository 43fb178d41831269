#include "weft/net/asio_loop.h"

#include <cstdlib>
#include <random>

#include <boost/asio/post.hpp>

#include "weft/base/log.h"
#include "weft/net/asio_await.h"
#include "weft/net/internal/ares_resolver.h"
#include "weft/net/internal/socket_connect.h"
#include "weft/net/internal/socket_listener.h"
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

AsioLoop::AsioLoop(asio::io_context* context, bool own)
    : Loop(system_seed()),
      own_(own ? context : nullptr),
      context_(*context),
      work_(context->get_executor()),
      timer_(context->get_executor()) {}

AsioLoop::AsioLoop() : AsioLoop(new asio::io_context(1), true) {}

AsioLoop::AsioLoop(asio::io_context& context) : AsioLoop(&context, false) {}

AsioLoop::~AsioLoop() {
  end();
  Runnable* item = posted_.exchange(nullptr, std::memory_order_acquire);
  while (item != nullptr) discard(*std::exchange(item, item->next));
}

TimePoint AsioLoop::now() const noexcept { return std::chrono::steady_clock::now(); }

void AsioLoop::resume(Runnable& item) noexcept {
  if (!context_.get_executor().running_in_this_thread()) return post(item);
  const Turn turn(*this);
  ready(item);
}

void AsioLoop::post(Runnable& item) noexcept {
  Runnable* newest = posted_.load(std::memory_order_relaxed);
  do {
    item.next = newest;
  } while (!posted_.compare_exchange_weak(newest, &item, std::memory_order_release,
                                          std::memory_order_relaxed));
  // Only who finds the stack empty wakes the loop; the others ride along.
  if (newest == nullptr) asio::post(context_, Wake{this, anchor(), &AsioLoop::take_posted});
}

void AsioLoop::take_posted() noexcept {
  Runnable* newest = posted_.exchange(nullptr, std::memory_order_acquire);
  Runnable* oldest = nullptr;
  while (newest != nullptr) {
    Runnable* item = std::exchange(newest, newest->next);
    item->next = std::exchange(oldest, item);
  }
  while (oldest != nullptr) ready(*std::exchange(oldest, oldest->next));
}

void AsioLoop::run() {
  Executor* const outer = std::exchange(current_, this);
  context_.run();
  if (own_ != nullptr) own_->restart();
  current_ = outer;
}

void AsioLoop::stop() noexcept {
  if (own_ != nullptr) {
    own_->stop();
  } else {
    post([this] { work_.reset(); });
  }
}

void AsioLoop::request_turn() noexcept { asio::post(context_, Wake{this, anchor(), nullptr}); }

void AsioLoop::rearm(TimePoint when) noexcept {
  timer_.expires_at(when);
  timer_.async_wait(Wake{this, anchor(), &AsioLoop::run_timers});
}

void AsioLoop::run_timers() noexcept { expire_timers(now()); }

Result<std::unique_ptr<Listener>> AsioLoop::listen(const Address& address,
                                                   const ListenOptions& options,
                                                   AcceptHandler handler) {
  if (address.family() == Address::Family::Memory) {
    return memory_listen(*this, address, std::move(handler));
  }
  return internal::listen_on_socket(*this, address, options, std::move(handler));
}

Task<Result<std::unique_ptr<Stream>>> AsioLoop::connect(Address address) {
  if (address.family() == Address::Family::Memory) return memory_connect(*this, address);
  return internal::connect_socket(*this, std::move(address));
}

Task<Result<std::vector<Address>>> AsioLoop::resolve(std::string host, std::uint16_t port) {
  return internal::resolve_name(resolver(), std::move(host), port);
}

internal::AresResolver& AsioLoop::resolver() {
  if (resolver_ == nullptr) resolver_ = std::make_unique<internal::AresResolver>(*this);
  return *resolver_;
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
  return resolver().set_servers(servers);
}

}  // namespace weft::net
