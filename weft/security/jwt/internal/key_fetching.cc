#include "weft/security/jwt/internal/key_fetching.h"

#include <chrono>
#include <list>
#include <utility>

#include "weft/base/log.h"
#include "weft/net/loop/latch.h"
#include "weft/security/jwt/internal/keys_reader.h"

namespace weft::security::internal {
namespace {

constexpr Duration kStopTimeout = std::chrono::seconds(1);

}  // namespace

struct KeyFetching::Running {
  Running(net::Loop& where, const http1::ClientOptions& options)
      : loop(where), http(std::make_shared<http1::Client>(options)) {}

  void add(const std::shared_ptr<KeyStore>& store, const JwtIssuer& issuer) {
    stores.push_back(store);
    tasks.push_back(store->run(keys_reader(issuer, http)));
    tasks.back().start(&context, {.function = [](void*) noexcept {}, .argument = nullptr});
  }
  void clear() {
    tasks.clear();
    http.reset();
  }

  net::Loop& loop;
  std::shared_ptr<http1::Client> http;
  Context context;
  std::vector<std::shared_ptr<KeyStore>> stores;  // longer than their tasks
  std::list<Task<>> tasks;                        // stay where they are while they run
};

KeyFetching::KeyFetching(net::Loop* loop, const http1::ClientOptions& http) {
  if (loop == nullptr) thread_ = std::make_unique<net::LoopThread>("weft-keys");
  running_ = std::make_shared<Running>(loop == nullptr ? thread_->loop() : *loop, http);
}

net::Loop& KeyFetching::loop() noexcept { return running_->loop; }

void KeyFetching::begin(std::shared_ptr<KeyStore> store, const JwtIssuer& issuer) {
  // Gone before it began: what is posted then does nothing.
  loop().post([weak = std::weak_ptr(running_), store = std::move(store), issuer] {
    if (const std::shared_ptr<Running> running = weak.lock()) running->add(store, issuer);
  });
}

KeyFetching::~KeyFetching() {
  if (thread_ == nullptr) {
    running_->clear();
    return;
  }
  if (loop().anchor()->is_parents()) {
    // A child of fork(): the thread is not here.
    static_cast<void>(thread_.release());
    return;
  }
  const auto cleared = std::make_shared<net::Latch>();
  loop().post([running = running_, cleared] {
    running->clear();
    cleared->open();
  });
  if (!cleared->wait(kStopTimeout) || !thread_->end(kStopTimeout)) {
    log(LogLevel::Warn, "the thread that fetches keys is left behind: it does not end");
    static_cast<void>(thread_.release());
  }
}

}  // namespace weft::security::internal
