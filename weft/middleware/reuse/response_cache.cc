#include "weft/middleware/reuse/response_cache.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "weft/base/fork_mutex.h"
#include "weft/middleware/internal/lru_map.h"
#include "weft/middleware/internal/unusable.h"
#include "weft/middleware/reuse/internal/shared_answer.h"

namespace weft {

using middleware::Answer;
using middleware::impossible;

Status validate(const ResponseCacheOptions& options) {
  if (options.max_bytes == 0) {
    return impossible("ResponseCacheOptions::max_bytes", "0", "must be more than 0");
  }
  if (options.ttl <= Duration::zero()) {
    return impossible("ResponseCacheOptions::ttl", to_string(options.ttl), "must be more than 0");
  }
  return {};
}

namespace {

/// An answer that is kept; not changed any more.
struct Kept {
  Answer answer;
  TimePoint since;
  TimePoint until;
  std::size_t bytes = 0;
};
using KeptRef = std::shared_ptr<const Kept>;

/// Answers by key, up to a number of bytes. Thread-safe.
class Store {
 public:
  explicit Store(std::size_t max_bytes) : room_(max_bytes / kParts) {}

  std::size_t room() const noexcept { return room_; }
  /// Null where there is none, or none that is still good.
  KeptRef find(const std::string& key, TimePoint now) {
    Part& part = part_of(key);
    const std::scoped_lock lock(part.mutex);
    KeptRef* const found = part.entries.find(key);
    if (found == nullptr) return nullptr;
    if (now < (*found)->until) return *found;
    part.bytes -= (*found)->bytes;
    part.entries.erase(key);
    return nullptr;
  }
  /// In place of what there was; says how many others had to go.
  std::size_t put(const std::string& key, KeptRef kept) {
    std::vector<KeptRef> gone;  // freed under no lock
    Part& part = part_of(key);
    const std::scoped_lock lock(part.mutex);
    if (KeptRef* const before = part.entries.find(key)) {
      part.bytes -= (*before)->bytes;
      gone.push_back(std::move(*before));
      part.entries.erase(key);
    }
    const std::size_t replaced = gone.size();
    while (part.bytes + kept->bytes > room_ && part.entries.oldest() != nullptr) {
      KeptRef& oldest = *part.entries.oldest();
      part.bytes -= oldest->bytes;
      gone.push_back(std::move(oldest));
      part.entries.drop_oldest();
    }
    part.bytes += kept->bytes;
    part.entries.get(key) = std::move(kept);
    return gone.size() - replaced;
  }

 private:
  static constexpr std::size_t kParts = 16;
  struct Part {
    ForkMutex mutex;
    middleware::LruMap<KeptRef> entries{SIZE_MAX};
    std::size_t bytes = 0;
  };
  // The low bits choose the slot in the part's own table.
  Part& part_of(const std::string& key) {
    return parts_[(std::hash<std::string_view>()(key) >> 32) % kParts];
  }
  std::size_t room_;
  std::array<Part, kParts> parts_;
};

/// What `cache-control` says.
struct Directives {
  bool no_store = false;
  bool no_cache = false;
  Duration max_age = kForever;
};

void read_directive(std::string_view directive, Directives& out) {
  constexpr std::string_view kMaxAge = "max-age=";
  if (directive == "no-store" || directive == "private") out.no_store = true;
  if (directive == "no-cache") out.no_cache = true;
  if (!directive.starts_with(kMaxAge)) return;
  directive.remove_prefix(kMaxAge.size());
  std::uint32_t seconds = 0;
  const auto [end, error] =
      std::from_chars(directive.data(), directive.data() + directive.size(), seconds);
  // RFC 9111 section 4.2.1: what cannot be read counts as stale.
  const bool read = error == std::errc() && end == directive.data() + directive.size();
  out.max_age = std::chrono::seconds(read ? seconds : 0);
}

Directives directives_of(const Metadata& metadata) {
  Directives out;
  for (const Metadata::Entry entry : metadata) {
    if (entry.name != "cache-control") continue;
    std::string_view rest = entry.value;
    while (!rest.empty()) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      std::string_view directive = rest.substr(0, comma);
      while (directive.starts_with(' ')) directive.remove_prefix(1);
      while (directive.ends_with(' ')) directive.remove_suffix(1);
      read_directive(directive, out);
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return out;
}

struct Shared {
  explicit Shared(ResponseCacheOptions given)
      : options(std::move(given)), store(options.max_bytes) {}
  const ResponseCacheOptions options;
  Store store;
};

struct ResponseCache {
  std::shared_ptr<Shared> shared;

  Task<Status> operator()(Call& call, Next next) const {
    if (!middleware::may_share_answer(call, shared->options.methods)) return next(call);
    const Directives asked = directives_of(std::as_const(call).request_metadata());
    if (asked.no_store) return next(call);
    return run(*shared, asked, call, next);
  }

 private:
  static void tell_of(const Shared& shared, const Call& call, std::string_view event,
                      std::int64_t value = 0) {
    tell(shared.options.observer,
         {.policy = "cache", .event = event, .path = call.path(), .value = value});
  }

  static middleware::SharingRules rules_of(const Shared& shared) {
    return {shared.options.vary, shared.options.across_principals};
  }

  static Task<Status> run(Shared& shared, Directives asked, Call& call, Next next) {
    std::optional<Message> request = co_await call.requests().read();
    if (!request) co_return co_await next(call);
    const std::string key =
        middleware::answer_key(std::as_const(call), rules_of(shared), request->bytes());
    const middleware::RequestPutBack put_back(call, std::move(*request));
    const TimePoint now = call.loop().now();
    const KeptRef kept = asked.no_cache ? nullptr : shared.store.find(key, now);
    if (kept != nullptr && now - kept->since <= asked.max_age) {
      tell_of(shared, call, "hit", (now - kept->since).count());
      co_return co_await answer_from(*kept, now, call);
    }
    tell_of(shared, call, "miss");
    middleware::ResponseTap tap(call);
    const middleware::CallerWatch caller(call, rules_of(shared));
    Status status = co_await next(call);
    if (caller.is_another()) {
      tell_of(shared, call, "not_shared");
    } else if (status.ok()) {
      keep(shared, key, tap, call);
    }
    co_return status;
  }

  static Task<Status> answer_from(const Kept& kept, TimePoint now, Call& call) {
    Answer answer = kept.answer;
    const auto age = std::chrono::floor<std::chrono::seconds>(now - kept.since);
    answer.response_metadata.remove("age");
    answer.response_metadata.add("age", std::to_string(age.count()));
    Status delivered = co_await middleware::deliver(call, answer);
    co_return delivered;
  }

  static void keep(Shared& shared, const std::string& key, const middleware::ResponseTap& tap,
                   const Call& call) {
    std::optional<Answer> answer = tap.answer();
    if (!answer) return;
    const Directives allowed = directives_of(answer->response_metadata);
    const Duration time = std::min(shared.options.ttl, allowed.max_age);
    if (allowed.no_store || allowed.no_cache || time <= Duration::zero()) return;
    // What the records around it take, about.
    constexpr std::size_t kOverhead = 384;
    const std::size_t bytes = kOverhead + key.size() + answer->message.size() +
                              answer->response_metadata.memory() + answer->trailers.memory();
    if (bytes > std::min(shared.options.max_entry_bytes, shared.store.room())) return;
    // A block of its own: the message may point into a larger one that was read from the socket.
    answer->message = Message(Bytes::joined(answer->message.pieces()));
    auto kept = std::make_shared<Kept>();
    kept->answer = std::move(*answer);
    kept->since = call.loop().now();
    kept->until = after(kept->since, time);
    kept->bytes = bytes;
    const std::size_t evicted = shared.store.put(key, std::move(kept));
    tell_of(shared, call, "stored", static_cast<std::int64_t>(bytes));
    for (std::size_t i = 0; i < evicted; ++i) tell_of(shared, call, "evicted");
  }
};

}  // namespace

Middleware response_cache(ResponseCacheOptions options) {
  Status valid = validate(options);
  if (!valid.ok()) return middleware::unusable(std::move(valid));
  return ResponseCache{std::make_shared<Shared>(std::move(options))};
}

}  // namespace weft
