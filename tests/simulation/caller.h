#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "weft/base/function.h"
#include "weft/rpc/channel.h"

#include "tests/simulation/book.h"

namespace weft::simulation {

/// What a call's request metadata says of its plan.
Metadata metadata_of(const CallPlan& plan);

/// The client's end of the work: makes the calls of plans, checks every answer and writes into the
/// book how they ended. Belongs to one loop.
class Caller {
 public:
  /// How to reach a server of that name.
  using MakeChannel = UniqueFunction<std::unique_ptr<Channel>(const std::string& server)>;
  Caller(Book& book, MakeChannel make_channel)
      : book_(book), make_channel_(std::move(make_channel)) {}

  /// Makes one call, to its end.
  Task<> call(CallPlan plan);
  /// Asks `server` within the handler of `call`, whose deadline and cancellation are the question's
  /// too.
  Task<Status> ask_for(std::uint64_t call, std::string server);

  /// Destroys the channel to a server, with what it has under way; the next call makes another.
  void drop_channel(const std::string& server) { channels_.erase(server); }
  void drop_channels() { channels_.clear(); }
  std::size_t channels() const noexcept { return channels_.size(); }

 private:
  struct Exchange;
  Channel& channel_to(const std::string& server);
  Task<Status> make(const CallPlan& plan, TimePoint deadline);
  static Task<Status> one(Exchange& exchange);
  static Task<Status> up(Exchange& exchange);
  static Task<Status> down(Exchange& exchange);
  static Task<Status> both(Exchange& exchange);

  Book& book_;
  MakeChannel make_channel_;
  std::map<std::string, std::unique_ptr<Channel>> channels_;
};

}  // namespace weft::simulation
