#pragma once

#include <cstdint>
#include <utility>

#include "weft/base/bytes.h"
#include "weft/base/result.h"
#include "weft/base/status.h"
#include "weft/base/time.h"
#include "weft/coro/task.h"
#include "weft/transaction/fingerprint.h"

namespace weft::transaction {

/// How a call ended that its duplicates are answered with.
struct SavedReply {
  // No aggregate: GCC 12 destroys a temporary one twice inside a coroutine.
  SavedReply() {}
  explicit SavedReply(Status error) : status(std::move(error)) {}
  explicit SavedReply(Bytes reply) : message(std::move(reply)) {}
  Status status{};
  Bytes message{};  ///< where `status` is OK
};

/// Where the replies of idempotent calls are kept. Called from any loop, perhaps at the same time;
/// one id is begun by many callers, and exactly one of them gets New.
class IdempotencyStore {
 public:
  enum class State : std::uint8_t {
    New,           ///< the call is the caller's to make; finish() or release() follows
    Running,       ///< another call with this id is under way
    Saved,         ///< the reply is there
    OtherRequest,  ///< the id was used for another request
    Lost,  ///< the first call's lease has passed without a reply: its process has died, or it is
           ///< slow
  };
  struct Rule {
    Duration lease;  ///< for how long duplicates wait for this call before it counts as Lost
    Duration keep;   ///< for how long an id that is Lost is known as such, at least
    /// What begin() does with an id that is Lost.
    enum class Lost : std::uint8_t { Report, TakeOver } lost;
  };
  struct Begun {
    explicit Begun(State what) : state(what) {}
    Begun(State what, std::uint64_t number) : state(what), token(number) {}
    explicit Begun(SavedReply saved) : state(State::Saved), reply(std::move(saved)) {}
    State state;
    std::uint64_t token = 0;  ///< of New: tells this attempt from one that takes it over
    SavedReply reply{};       ///< of Saved
  };

  virtual ~IdempotencyStore() = default;
  /// `request`: tells requests under one id apart. An error, such as UNAVAILABLE or
  /// RESOURCE_EXHAUSTED: the call must not be made.
  virtual Task<Result<Begun>> begin(Fingerprint id, Fingerprint request, Rule rule) = 0;
  /// Keeps the reply for `keep`. ABORTED where another attempt has taken the id over.
  virtual Task<Status> finish(Fingerprint id, std::uint64_t token, SavedReply reply,
                              Duration keep) = 0;
  /// Nothing has happened: the id is free again.
  virtual Task<Status> release(Fingerprint id, std::uint64_t token) = 0;
};

}  // namespace weft::transaction
