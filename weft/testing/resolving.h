#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weft/cluster/resolvers/resolver.h"
#include "weft/net/loop/asio_loop.h"
#include "weft/net/loop/wait.h"
#include "weft/net/sim/sim_loop.h"

namespace weft::testing {

/// Runs a resolver as a channel would, and keeps what it says. On a SimLoop in virtual time.
class Resolving final : private cluster::Resolver::Updates {
 public:
  struct Pause {
    Duration at_least;
    Duration at_most;
  };

  Resolving(net::Loop& loop, std::unique_ptr<cluster::Resolver> resolver)
      : loop_(loop), resolver_(std::move(resolver)), running_(resolver_->run(*this)) {
    loop_.enter([this] {
      running_.start(
          &context_,
          {.function = [](void* self) noexcept { static_cast<Resolving*>(self)->ended(); },
           .argument = this});
    });
  }
  Resolving(const Resolving&) = delete;
  Resolving& operator=(const Resolving&) = delete;
  ~Resolving() {
    loop_.enter([this] { const Task<> dropped = std::move(running_); });
  }

  /// Runs the loop until `condition` holds; false when it does not within `limit`.
  bool until(const std::function<bool()>& condition, Duration limit = std::chrono::seconds(20)) {
    if (loop_.is_simulated()) {
      return static_cast<net::SimLoop&>(loop_).network().run_while_not(condition, limit);
    }
    Stopper stopper(loop_);
    loop_.arm(stopper, after(loop_.now(), limit));
    waiting_ = true;
    while (!condition() && stopper.armed()) loop_.run();
    waiting_ = false;
    return condition();
  }
  /// Until it has published or failed that often in all.
  bool until_lists(std::size_t count, Duration limit = std::chrono::seconds(20)) {
    return until([&] { return lists.size() >= count; }, limit);
  }
  bool until_failures(std::size_t count, Duration limit = std::chrono::seconds(20)) {
    return until([&] { return failures.size() >= count; }, limit);
  }
  /// As when a connection was lost.
  void want() {
    loop_.enter([this] {
      wanted_ = true;
      if (pause_ != nullptr) pause_->complete();
    });
  }
  /// Cancels the resolver and runs the loop until it has ended.
  bool stop() {
    loop_.enter([this] { context_.cancel(cancelled("the test has ended")); });
    return until([this] { return done_; });
  }
  bool done() const noexcept { return done_; }

  /// The last list, each endpoint as its addresses with commas.
  std::vector<std::string> texts() const {
    std::vector<std::string> texts;
    if (lists.empty()) return texts;
    for (const cluster::Endpoint& endpoint : lists.back()) {
      std::string text;
      for (const net::Address& address : endpoint.addresses) {
        text += (text.empty() ? "" : ",") + address.to_string();
      }
      texts.push_back(std::move(text));
    }
    return texts;
  }

  std::vector<std::vector<cluster::Endpoint>> lists;
  std::vector<Status> failures;
  std::vector<Pause> pauses;  ///< what it asked wanted() for

 private:
  struct Stopper : net::Timer {
    explicit Stopper(net::Loop& owner)
        : Timer([](Timer& self) noexcept { static_cast<Stopper&>(self).loop.stop(); }),
          loop(owner) {}
    net::Loop& loop;
  };

  void publish(std::vector<cluster::Endpoint> endpoints) override {
    lists.push_back(std::move(endpoints));
    look_again();
  }
  void fail(Status why) override {
    failures.push_back(std::move(why));
    look_again();
  }
  Task<Status> wanted(Duration at_least, Duration at_most) override {
    pauses.push_back({at_least, at_most});
    const TimePoint begun = loop_.now();
    wanted_ = false;
    Status status = co_await net::sleep_until(after(begun, at_least));
    if (status.ok() && !wanted_) {
      net::Wait pause(loop_, after(begun, at_most));
      pause_ = &pause;
      status = co_await pause;
      pause_ = nullptr;
    }
    co_return status;
  }
  void ended() noexcept {
    done_ = true;
    look_again();
  }
  void look_again() noexcept {
    if (waiting_) loop_.stop();
  }

  net::Loop& loop_;
  Context context_;
  std::unique_ptr<cluster::Resolver> resolver_;
  Task<> running_;
  net::Wait* pause_ = nullptr;
  bool wanted_ = false;
  bool waiting_ = false;
  bool done_ = false;
};

}  // namespace weft::testing
