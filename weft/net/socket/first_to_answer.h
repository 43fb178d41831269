#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/coro/context.h"
#include "weft/coro/task.h"
#include "weft/net/loop/loop.h"
#include "weft/net/loop/wait.h"
#include "weft/net/socket/address.h"

namespace weft::net {

namespace internal {

/// Attempts beside each other, of which the first that succeeds wins. `Connect` makes a
/// Task<Result<Made>> of an Address.
template <class Made, class Connect>
class AddressRace {
 public:
  /// The tasks stay where they are once they have been started, hence the number of them.
  AddressRace(Loop& loop, const Connect& connect, Context* parent, std::size_t attempts)
      : loop_(loop), connect_(connect), context_(parent) {
    tasks_.reserve(attempts);
  }

  void enter(Address address) {
    ++running_;
    tasks_.push_back(run(*this, std::move(address)));
    tasks_.back().start(&context_, {[](void*) noexcept {}, nullptr});
  }
  bool running() const noexcept { return running_ != 0; }
  bool won() const noexcept { return winner_.has_value(); }
  /// Until an attempt ends that nobody has been told of.
  Task<Status> news(TimePoint until) {
    Status status;
    if (told_) {
      Wait wait(loop_, until);
      news_ = &wait;
      status = co_await wait;
      news_ = nullptr;
    }
    told_ = true;
    co_return status;
  }
  Result<Made> result() {
    if (won()) return *std::move(winner_);
    return last_error_;
  }

 private:
  static Task<> run(AddressRace& race, Address address) {
    Result<Made> made = co_await race.connect_(std::move(address));
    race.ended(std::move(made));
  }
  void ended(Result<Made> made) {
    --running_;
    if (!made.ok()) {
      last_error_ = made.status();
    } else if (!won()) {
      winner_.emplace(*std::move(made));
    }
    told_ = false;
    if (news_ != nullptr) news_->complete();
  }

  Loop& loop_;
  const Connect& connect_;
  Context context_;
  std::optional<Made> winner_;
  Status last_error_;
  Wait* news_ = nullptr;
  std::size_t running_ = 0;
  bool told_ = true;
  // Last: those that lose are destroyed as they are.
  std::vector<Task<>> tasks_;
};

}  // namespace internal

/// What `connect`, which makes a Task<Result<Made>> of an Address, has of the first address that
/// answers; there is at least one. The next address is tried when one fails or has not answered for
/// 250 ms, beside it (RFC 8305 section 5, "Happy Eyeballs"); the losers are given up. The last
/// error where all fail; ends with the awaiting context.
template <class Made, class Connect>
Task<Result<Made>> first_to_answer(Loop& loop, std::vector<Address> addresses, Connect connect) {
  constexpr Duration kNextAddress = std::chrono::milliseconds(250);
  if (addresses.size() == 1) co_return co_await connect(std::move(addresses.front()));
  internal::AddressRace<Made, Connect> race(loop, connect, co_await current_context(),
                                            addresses.size());
  Status status;
  for (Address& address : addresses) {
    race.enter(std::move(address));
    status = co_await race.news(after(loop.now(), kNextAddress));
    if (race.won() || !status.ok()) break;
  }
  while (!race.won() && race.running() && status.ok()) status = co_await race.news(kNever);
  if (!status.ok()) co_return status;
  co_return race.result();
}

}  // namespace weft::net
