#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "weft/base/fork_mutex.h"
#include "weft/base/function.h"
#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/coro/task.h"
#include "weft/net/loop/latch.h"
#include "weft/net/loop/snapshot.h"
#include "weft/net/loop/wait.h"
#include "weft/security/jwt/jwk_set.h"

namespace weft::security::internal {

/// The text of a key set, from wherever it is.
using KeysReader = UniqueFunction<Task<Result<std::string>>()>;

struct KeyStoreOptions {
  Duration refresh;
  Duration min_refetch;
  JwkReading::Of of = JwkReading::Of::Issuer;
};

/// The keys of one issuer. They are fetched again and again by run(), on one loop; every loop reads
/// what was fetched last. What cannot be fetched or read leaves them as they were.
class KeyStore : public std::enable_shared_from_this<KeyStore> {
 public:
  /// `name` is for the log; `loop` is where run() will run, null where it will not.
  KeyStore(std::string name, KeyStoreOptions options, net::Loop* loop) noexcept
      : name_(std::move(name)),
        options_(options),
        loop_(loop == nullptr ? nullptr : loop->anchor()) {}

  void set(JwkSet keys) { keys_.set(std::make_shared<const JwkSet>(std::move(keys))); }
  /// Null before the first were there.
  const std::shared_ptr<const JwkSet>& keys(net::Loop& loop) const { return keys_.of(loop); }
  /// OK, or why the last fetch failed. From any thread.
  Status health() const;

  /// Has the keys fetched soon; from any thread. What opens when that has been done, well or not;
  /// null where nothing fetches, or the last fetch ended less than min_refetch ago.
  std::shared_ptr<net::Latch> fetch_soon(TimePoint now);

  /// Fetches, at once and then every `refresh`, earlier after a failure or when asked to, until it
  /// is destroyed.
  Task<> run(KeysReader read);

 private:
  void fetched(const Status& outcome, TimePoint now);
  Status take(const Result<std::string>& text);
  void say_passed_over(const std::vector<std::string>& problems) const;
  Duration pause();
  void wake();

  const std::string name_;
  const KeyStoreOptions options_;
  const std::shared_ptr<net::LoopAnchor> loop_;
  net::Snapshot<JwkSet> keys_;
  std::optional<std::string> text_;  // of the keys there are
  unsigned failures_ = 0;            // in a row
  net::Wait* waiting_ = nullptr;     // run()'s

  mutable ForkMutex mutex_;           // of what follows
  std::shared_ptr<net::Latch> next_;  // of the fetch under way, or asked for
  std::size_t waiters_ = 0;
  bool fetching_ = false;
  TimePoint last_{};
  bool fetched_once_ = false;
  Status health_;
};

}  // namespace weft::security::internal
