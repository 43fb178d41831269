#include "weft/net/loop/asio_loop.h"

#include <random>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/post.hpp>

#include "weft/base/fatal.h"
#include "weft/net/dns/internal/ares_resolver.h"
#include "weft/net/loop/asio_await.h"
#include "weft/net/loop/serving.h"
#include "weft/net/socket/internal/socket_connect.h"
#include "weft/net/socket/internal/socket_listener.h"
#include "weft/net/socket/memory_stream.h"
#include "weft/net/takeover/internal/take_over.h"

namespace weft::net {
namespace {

namespace asio = boost::asio;
using Block = internal::Poller::Block;

std::uint64_t system_seed() {
  std::random_device device;
  return (static_cast<std::uint64_t>(device()) << 32) | device();
}

}  // namespace

/// An io_context beside the loop's own means: it watches the poller, whose events so arrive among
/// the handlers of Asio's.
class AsioLoop::Asio {
  /// A handler that may run after the loop has gone: on a program's context, which lives longer.
  template <class F>
  auto on_loop(F function) {
    return [function, anchor = loop_.anchor()](const auto&... error) {
      if (anchor->loop() != nullptr && !(static_cast<bool>(error) || ...)) function();
    };
  }

 public:
  /// On `program`'s context, or on one of its own where that is null.
  Asio(AsioLoop& loop, asio::io_context* program)
      : loop_(loop),
        own_(program == nullptr ? std::make_unique<asio::io_context>(1) : nullptr),
        context_(program == nullptr ? *own_ : *program),
        poller_(context_.get_executor(), loop.poller_.fd()) {
    watch();
  }
  Asio(const Asio&) = delete;
  Asio& operator=(const Asio&) = delete;
  ~Asio() { poller_.release(); }

  asio::io_context& context() noexcept { return context_; }

  /// Until events are there.
  void watch() {
    if (std::exchange(watching_, true)) return;
    poller_.async_wait(asio::posix::descriptor_base::wait_read, on_loop([this] {
                         watching_ = false;
                         loop_.events_arrived();
                       }));
  }
  void stop_watching() {
    if (std::exchange(watching_, false)) poller_.cancel();
  }
  /// Has a handler run that starts a turn with what was posted.
  void post() {
    asio::post(context_, on_loop([this] {
                 loop_.enter([this] { loop_.take_posted(); });
                 loop_.watch_events();
               }));
  }

 private:
  AsioLoop& loop_;
  const std::unique_ptr<asio::io_context> own_;
  asio::io_context& context_;
  asio::posix::basic_stream_descriptor<asio::io_context::executor_type> poller_;
  bool watching_ = false;
};

AsioLoop::AsioLoop(asio::io_context* program, const LoopOptions& options)
    : Loop(system_seed()),
      options_(options),
      on_programs_context_(program != nullptr),
      poller_(*this) {
  if (program != nullptr) {
    asio_ = std::make_unique<Asio>(*this, program);
  } else if (options.handler_bound != kForever) {
    take_over_ = internal::TakeOver::watch(*this, options);
  }
}

AsioLoop::AsioLoop(const LoopOptions& options) : AsioLoop(nullptr, options) {}

AsioLoop::AsioLoop(asio::io_context& context) : AsioLoop(&context, {}) {}

AsioLoop::~AsioLoop() {
  if (take_over_ != nullptr) internal::TakeOver::forget(take_over_);
  end();
  // What is discarded may post while it goes.
  do {
    discard_ready();
    Runnable* item = posted_.exchange(nullptr, std::memory_order_acquire);
    while (item != nullptr) discard(*std::exchange(item, item->next));
  } while (posted_.load(std::memory_order_relaxed) != nullptr);
}

asio::io_context& AsioLoop::context() {
  leave_user_code();
  if (asio_ == nullptr) asio_ = std::make_unique<Asio>(*this, nullptr);
  return asio_->context();
}

TimePoint AsioLoop::now() const noexcept { return std::chrono::steady_clock::now(); }

bool AsioLoop::on_own_thread() const noexcept {
  // With a thread of its own coroutines run outside of Asio.
  return on_programs_context_ ? asio_->context().get_executor().running_in_this_thread()
                              : identity() == this;
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
  } while (!posted_.compare_exchange_weak(newest, &item, std::memory_order_seq_cst,
                                          std::memory_order_relaxed));
  // Only who finds the stack empty wakes the loop; the others ride along.
  if (newest != nullptr) return;
  if (on_programs_context_) {
    asio_->post();
  } else {
    wake_if_asleep();
  }
}

bool AsioLoop::take_posted() noexcept {
  if (posted_.load(std::memory_order_relaxed) == nullptr) return false;
  Runnable* newest = posted_.exchange(nullptr, std::memory_order_acq_rel);
  Runnable* oldest = nullptr;
  while (newest != nullptr) {
    Runnable* item = std::exchange(newest, newest->next);
    item->next = std::exchange(oldest, item);
  }
  while (oldest != nullptr) ready(*std::exchange(oldest, oldest->next));
  return true;
}

void AsioLoop::run() {
  Executor* const outer = std::exchange(current_, this);
  begin_running();
  if (on_programs_context_) {
    asio_->context().run();
  } else {
    if (take_over_ != nullptr) take_over_->begin();
    while (take_turn()) {
      if (take_over_ != nullptr) take_over_->give_way();
    }
    if (take_over_ != nullptr) take_over_->wait_for_all();
    stopped_.store(false, std::memory_order_relaxed);
    if (asio_ != nullptr) asio_->context().restart();
  }
  end_running();
  current_ = outer;
}

/// Reports one event, and waits for it if there is none; the coroutines that it makes ready run
/// after it, outside of its handler, so that another thread can go on from there. What is posted
/// stands in line behind the events that are there, and has a turn of its own; then events are
/// looked for, however much is posted anew.
bool AsioLoop::take_turn() {
  const Turn turn(*this, take_over_ != nullptr ? Turn::Place::AtTop : Turn::Place::InEvent);
  if (stopped_.load(std::memory_order_relaxed)) return false;
  const bool wanted = std::exchange(turn_wanted_, false);
  if (poller_.empty()) {
    if (!std::exchange(took_posted_, false) && take_posted()) {
      took_posted_ = true;
      return true;
    }
    if (wanted || posted_.load(std::memory_order_relaxed) != nullptr) {
      fetch_events(Block::No);
    } else {
      wait_for_events();
    }
  }
  poller_.dispatch();
  return true;
}

void AsioLoop::wait_for_events() {
  if (options_.poll_spin <= Duration::zero()) return sleep();
  while (!fetch_events(Block::No)) {
    if (posted_.load(std::memory_order_relaxed) != nullptr) break;
    if (stopped_.load(std::memory_order_relaxed)) return;
    if (now() < spin_until_) continue;
    sleep();
    break;
  }
  spin_until_ = after(now(), options_.poll_spin);
}

/// Whoever posts or stops either sees that the loop is asleep, or has done so before it looks.
void AsioLoop::sleep() {
  asleep_.store(true, std::memory_order_seq_cst);
  if (posted_.load(std::memory_order_seq_cst) == nullptr &&
      !stopped_.load(std::memory_order_seq_cst)) {
    fetch_events(Block::Yes);
  }
  asleep_.store(false, std::memory_order_relaxed);
}

void AsioLoop::wake_if_asleep() noexcept {
  if (asleep_.load(std::memory_order_seq_cst)) poller_.wake();
}

/// Where Asio is used on this loop, its handlers run from here, and one of them tells of events.
/// False when there was nothing.
bool AsioLoop::fetch_events(Block block) {
  begin_round();
  if (asio_ == nullptr) return poller_.fetch(block);
  asio::io_context& context = asio_->context();
  const std::size_t ran = block == Block::Yes ? context.run_one() : context.poll_one();
  if (context.stopped()) stopped_.store(true, std::memory_order_relaxed);
  return ran != 0;
}

/// From Asio. On a program's context each event is a turn of its own.
void AsioLoop::events_arrived() {
  begin_round();
  poller_.fetch(Block::No);
  if (on_programs_context_) {
    while (poller_.dispatch()) {
    }
  }
  watch_events();
}

bool AsioLoop::has_let_go() const noexcept {
  return on_programs_context_ && stopped_.load(std::memory_order_relaxed);
}

void AsioLoop::watch_events() {
  if (has_let_go() && poller_.watched() == 0 && timers().next() == kNever) {
    asio_->stop_watching();
  } else {
    asio_->watch();
  }
}

int AsioLoop::watch(int fd, std::uint32_t events, internal::EventTarget& target) noexcept {
  const int error = poller_.add(fd, events, target);
  if (on_programs_context_) watch_events();
  return error;
}

void AsioLoop::unwatch(int fd, internal::EventTarget& target) noexcept {
  poller_.remove(fd, target);
  // Once the timers of who goes here are gone too.
  if (has_let_go()) asio_->post();
}

void AsioLoop::rejoin() noexcept {
  take_over_->rejoin();
  if (const Serving* const serving = Serving::current()) serving->resume();
  resume_turn();
}

void AsioLoop::user_code_begins() noexcept { internal::TakeOver::user_code_begins(); }

void AsioLoop::stop() noexcept {
  if (on_programs_context_) {
    post([this] {
      stopped_.store(true, std::memory_order_relaxed);
      watch_events();
    });
  } else {
    stopped_.store(true, std::memory_order_seq_cst);
    wake_if_asleep();
  }
}

void AsioLoop::request_turn() noexcept {
  if (on_programs_context_) {
    asio_->post();
  } else {
    turn_wanted_ = true;
  }
}

void AsioLoop::rearm(TimePoint when) noexcept {
  poller_.set_timer(when);
  if (on_programs_context_) watch_events();
}

void AsioLoop::on_events(std::uint32_t) noexcept {
  enter([this] { expire_timers(now()); });
}

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
    fatal("an Asio operation was awaited on a thread that runs no AsioLoop");
  }
  return *loop;
}

Status AsioLoop::set_name_servers(std::string_view servers) {
  const Result<internal::AresResolver*> own = resolver({});
  return own ? (*own)->set_servers(servers) : own.status();
}

}  // namespace weft::net
