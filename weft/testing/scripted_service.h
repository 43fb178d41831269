#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "weft/base/time.h"
#include "weft/rpc/call/service.h"

namespace weft::testing {

/// What a ScriptedService does with a call.
struct Script {
  /// Read the requests to their end first.
  bool reads_requests = true;
  /// Before anything is answered.
  Duration takes = Duration::zero();
  /// The response begins: its metadata is announced. Responses do so by themselves.
  bool announces = false;
  Metadata response_metadata{};
  std::vector<std::string> responses{};
  /// Between the last response and the status.
  Duration then_takes = Duration::zero();
  Status status{};
  Metadata trailers{};
};

/// The far side of a chain of middleware, which does what the test says and keeps what it saw.
/// Belongs to one loop; outlives the calls it serves.
///
///     ScriptedService far({{.status = unavailable("first")}, {.responses = {"second"}}});
///     Chain chain(far, {retry({.max_attempts = 2})});
///     run(host, weft::rpc::call_unary<Reply>(chain, kMethod, request, {}));
class ScriptedService final : public Service {
 public:
  struct Seen {
    TimePoint begun{};
    std::uint32_t previous_attempts = 0;
    Metadata metadata;
    std::vector<std::string> requests;
    /// How it ended; nothing while it runs, or when its coroutine was destroyed.
    std::optional<Status> ended;
    TimePoint ended_at{};
  };

  /// The n-th call does what the n-th script says, and all after the last what that says.
  explicit ScriptedService(std::vector<Script> scripts) : scripts_(std::move(scripts)) {}
  ScriptedService(const ScriptedService&) = delete;
  ScriptedService& operator=(const ScriptedService&) = delete;

  Task<Status> serve(Call& call) override;

  const std::deque<Seen>& seen() const noexcept { return seen_; }
  std::size_t calls() const noexcept { return seen_.size(); }
  /// How many are being served.
  std::size_t running() const noexcept { return running_; }

 private:
  class Running;
  static Task<Status> play(Call& call, const Script& script, Seen& seen);
  Task<Status> run(Call& call, const Script& script, Seen& seen);

  std::vector<Script> scripts_;
  std::deque<Seen> seen_;
  std::size_t running_ = 0;
};

/// Middleware in front of a service, as a Channel has it.
class Chain final : public Service {
 public:
  Chain(Service& terminal, std::initializer_list<Middleware> middlewares) : terminal_(terminal) {
    for (const Middleware& middleware : middlewares) chain_.add(middleware);
  }
  Task<Status> serve(Call& call) override { return chain_.serve(call, terminal_); }
  const std::shared_ptr<const Codec>& codec() const noexcept override { return terminal_.codec(); }

 private:
  MiddlewareChain chain_;
  Service& terminal_;
};

}  // namespace weft::testing
