#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/coro/task.h"
#include "weft/net/tls/tls.h"
#include "weft/storage/redis/command.h"
#include "weft/storage/redis/error.h"
#include "weft/storage/redis/protocol/parser.h"
#include "weft/storage/redis/reading.h"
#include "weft/storage/redis/value.h"

/// Redis for coroutines, by RESP3 (Redis 6 or later).
namespace weft::redis {

class Options {
 public:
  // No aggregate: GCC 12 destroys a temporary one twice inside a co_await expression.
  Options() {}

  /// How TLS is spoken to a "rediss://" server; refused with other URLs, whose password would go
  /// unencrypted.
  std::optional<net::TlsClientOptions> tls{};
  /// The name that CLIENT LIST shows; empty: none.
  std::string client_name{};
  /// Commands that each loop's connection has sent and waits for; those beyond wait here.
  std::size_t pipeline_depth = 4096;
  /// Commands of a loop that wait to be sent; more are refused with RESOURCE_EXHAUSTED.
  std::size_t max_waiting = 65536;
  /// For the name, the connection, TLS and HELLO together.
  Duration connect_timeout = std::chrono::seconds(5);
  /// A connection is closed when for so long nothing has come and nothing has gone out of the
  /// command that waits first.
  Duration answer_timeout = std::chrono::seconds(30);
  /// Pauses between attempts to connect, with jitter.
  Duration first_pause = std::chrono::milliseconds(50);
  Duration most_pause = std::chrono::seconds(2);
  /// How often a command is sent again after connections that were lost: one that is idempotent,
  /// or was not sent wholly.
  unsigned repeats = 2;
  /// Of each reply.
  ReplyLimits reply{};
};

/// Commands that run together or not at all (MULTI and EXEC), sent in one piece.
class Multi {
 public:
  template <class... Arguments>
  Multi& add(std::string_view name, const Arguments&... arguments) {
    commands_.emplace_back(name, arguments...);
    return *this;
  }
  std::size_t size() const noexcept { return commands_.size(); }

 private:
  friend class Client;
  std::vector<Command> commands_;
};

class ClientState;

/// A Redis server. A handle to copy; the last one closes the connections. Used from coroutines on
/// any loop: each has a connection of its own, and the commands of a turn leave in one write.
///
/// A command whose Context ends while it is under way ends with that reason; what the server did is
/// not known then, and its answer is dropped when it comes.
class Client {
 public:
  explicit Client(std::shared_ptr<ClientState> state) noexcept : state_(std::move(state)) {}

  /// `co_await db.run("SET", key, value)`: the reply, or
  /// - the server's error (weft/storage/redis/error.h);
  /// - UNAVAILABLE: there is no server, or the command was sent in part or, an idempotent one,
  ///   wholly, and was repeated in vain;
  /// - UNKNOWN (kOutcomeUnknown): the connection was lost after it was sent;
  /// - RESOURCE_EXHAUSTED: Options::max_waiting, or a reply beyond Options::reply;
  /// - INVALID_ARGUMENT: a command that changes or blocks the connection, which others share.
  template <class... Arguments>
  [[nodiscard]] Task<Result<Value>> run(std::string_view name, const Arguments&... arguments) {
    return run(Command(name, arguments...));
  }
  [[nodiscard]] Task<Result<Value>> run(Command command);

  /// `co_await db.run_as<int>(Command("GET", key).set_idempotent())`: the reply as a T.
  template <class T>
  [[nodiscard]] Task<Result<T>> run_as(Command command) {
    static_assert(OwnsItsText<T>::value,
                  "a std::string_view would refer to the reply, which is gone when run_as() "
                  "returns: use std::string, or run() and Value::as()");
    return read_as<T>(run(std::move(command)));
  }

  /// The replies to the commands, as an array; an element may be an Error. ABORTED where the server
  /// ran none of them. Errors as of run().
  [[nodiscard]] Task<Result<Value>> exec(Multi commands);

 private:
  template <class T>
  static Task<Result<T>> read_as(Task<Result<Value>> reply) {
    const Result<Value> value = co_await std::move(reply);
    if (!value.ok()) co_return value.status();
    co_return value->template as<T>();
  }

  std::shared_ptr<ClientState> state_;
};

/// Reads "redis://[user[:password]@]host[:port][/database]", "rediss://..." (TLS) or
/// "unix:///path", and connects once, so that a mistake is said at once.
///
/// It sends PING, so a user of the ACL needs +ping.
///
/// - INVALID_ARGUMENT: the text cannot be read; errors do not repeat it, it may have a password. Or
///   an option has no meaning; the error names it.
/// - PERMISSION_DENIED: the user may not run PING.
/// - FAILED_PRECONDITION: the password is wrong, or the server is older than Redis 6.
/// - UNAVAILABLE: no server answers.
[[nodiscard]] Task<Result<Client>> open(std::string url, Options options = {});

}  // namespace weft::redis
