#include "weft/http1/client/internal/dial.h"

#include <cstddef>
#include <utility>

#include "weft/coro/context.h"
#include "weft/net/loop/wait.h"
#include "weft/net/proxy/tunnel.h"

namespace weft::http1 {
namespace {

using Connected = Result<std::unique_ptr<net::Stream>>;

// RFC 8305 section 5, "Connection Attempt Delay".
constexpr Duration kNextAddress = std::chrono::milliseconds(250);

Task<Connected> connect_through(net::Loop& loop, const Route& route, net::Address address) {
  Connected stream = co_await loop.connect(std::move(address));
  if (stream.ok() && route.tunnel) {
    stream = co_await net::open_tunnel(loop, std::move(*stream), *route.tunnel);
  }
  if (!stream.ok() || route.tls == nullptr) co_return stream;
  std::string host = route.host;
  co_return co_await route.tls->connect(std::move(*stream), std::move(host));
}

Task<Connected> connect_to(net::Loop& loop, const Route& route, net::Address address) {
  Context* const parent = co_await current_context();
  Context context(parent);
  const std::string shown = address.to_string();
  context.limit_deadline(after(loop.now(), route.connect_timeout));
  Task<Connected> connecting = connect_through(loop, route, std::move(address));
  Connected stream = co_await std::move(connecting).in(context);
  // The attempt's own limit is no deadline of the request.
  const bool own = !stream.ok() && stream.status().code() == StatusCode::DeadlineExceeded &&
                   (parent == nullptr || context.deadline() < parent->deadline());
  if (!own) co_return stream;
  co_return Status(StatusCode::Unavailable,
                   shown + ": no connection within " + to_string(route.connect_timeout) +
                       " (ClientOptions::connect_timeout)",
                   Origin::Transport);
}

/// Attempts beside each other, of which the first that succeeds wins.
class Race {
 public:
  Race(net::Loop& loop, const Route& route, Context* parent)
      : loop_(loop), route_(route), context_(parent) {}

  /// For so many addresses: a task that has been started stays where it is.
  void reserve(std::size_t size) { tasks_.reserve(size); }
  void enter(net::Address address) {
    ++running_;
    tasks_.push_back(run(*this, std::move(address)));
    tasks_.back().start(&context_, {[](void*) noexcept {}, nullptr});
  }
  bool running() const noexcept { return running_ != 0; }
  bool won() const noexcept { return winner_ != nullptr; }
  /// Until an attempt ends that nobody has been told of.
  Task<Status> news(TimePoint until) {
    Status status;
    if (told_) {
      net::Wait wait(loop_, until);
      news_ = &wait;
      status = co_await wait;
      news_ = nullptr;
    }
    told_ = true;
    co_return status;
  }
  Connected result() {
    if (won()) return std::move(winner_);
    return last_error_;
  }

 private:
  static Task<> run(Race& race, net::Address address) {
    Connected made = co_await connect_to(race.loop_, race.route_, std::move(address));
    race.ended(std::move(made));
  }
  void ended(Connected made) {
    --running_;
    if (!made.ok()) {
      last_error_ = made.status();
    } else if (!won()) {
      winner_ = *std::move(made);
    }
    told_ = false;
    if (news_ != nullptr) news_->complete();
  }

  net::Loop& loop_;
  const Route& route_;
  Context context_;
  std::unique_ptr<net::Stream> winner_;
  Status last_error_;
  net::Wait* news_ = nullptr;
  std::size_t running_ = 0;
  bool told_ = true;
  // Last: those that lose are destroyed as they are.
  std::vector<Task<>> tasks_;
};

}  // namespace

Task<Connected> dial(net::Loop& loop, const Route& route, std::vector<net::Address> addresses) {
  if (addresses.size() == 1) co_return co_await connect_to(loop, route, addresses.front());
  Race race(loop, route, co_await current_context());
  race.reserve(addresses.size());
  Status status;
  for (net::Address& address : addresses) {
    race.enter(std::move(address));
    status = co_await race.news(after(loop.now(), kNextAddress));
    if (race.won() || !status.ok()) break;
  }
  while (!race.won() && race.running() && status.ok()) status = co_await race.news(kNever);
  if (!status.ok()) co_return status;
  co_return race.result();
}

}  // namespace weft::http1
